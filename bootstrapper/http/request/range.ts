/** Which Range headers are worth honouring: one range, and a validator that can vouch for it. */

/**
 * RFC 9110 §14.2 lets a server ignore Range. We ignore lists of ranges, which only attackers send for boot files, and a weak If-Range, which
 * proves nothing about bytes (§13.1.5); the client then gets the whole file.
 */
export function honoured(range: string | undefined, ifRange: string): boolean {
  const [, first, last, suffix] = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(range?.trim() ?? "") ?? [];
  if (first === undefined && suffix === undefined) return false;
  if (first !== undefined && last && Number(last) < Number(first)) return false; // §14.1.2: invalid, hence no range at all
  return !ifRange.trimStart().startsWith("W/");
}
