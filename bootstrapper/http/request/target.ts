/** The request target as one clean path, or why it is none: everything behind this may trust that a path stays where it points. */

export type Target = { readonly url: string } | { readonly status: 400 | 414; readonly because: string };

const bad = (because: string): Target => ({ status: 400, because });

/** Decides from the raw request target. RFC 9112 §3.2. */
export function cleanTarget(raw: string, maxLength: number): Target {
  if (raw.length > maxLength) return { status: 414, because: `the address is longer than ${maxLength} characters` };
  // RFC 9112 §3.2.2: a server must accept the absolute form; whose name stands in it makes no difference to us.
  const absolute = /^https?:\/\/[^/?#]*/i.exec(raw)?.[0];
  if (absolute === undefined && !raw.startsWith("/")) return bad("it is not a path");
  const target = raw.slice(absolute?.length ?? 0);
  const at = target.indexOf("?");
  const path = at < 0 ? target : target.slice(0, at);
  const query = at < 0 ? "" : target.slice(at);
  const because = whyUnclean(path);
  return because ? bad(because) : { url: `/${path}`.replace(/\/{2,}/g, "/") + query }; // boot loaders join paths with one slash too many
}

function whyUnclean(path: string): string | undefined {
  const decoded = decode(path);
  if (decoded === undefined) return "its percent-encoding is broken";
  if (/%[0-9a-f]{2}/i.test(decoded)) return "it is percent-encoded twice";
  if (/%2f/i.test(path)) return "it hides a slash in percent-encoding";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f\\#]/.test(decoded)) return "it has a character that no path of ours has";
  if (decoded.split("/").some((part) => part === ".." || part === ".")) return "it walks through . or ..";
  return undefined;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // decodeURIComponent has no other way to say no
  }
}
