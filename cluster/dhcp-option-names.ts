/** Domain names inside a DHCP option, as RFC 1035 spells them, with or without compression (RFC 3397). */

const MOST_IN_LABEL = 63;
const MOST_IN_NAME = 255;
const POINTER = 0xc0;

/** Labels as host names have them, and the underscores of service names; the last dot may be written. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i;

/** Throws TypeError. With `compressed`, the end of a name that was written before is a pointer to it. */
export function encodeNames(words: readonly string[], compressed: boolean): readonly number[] {
  const bytes: number[] = [];
  const seen = new Map<string, number>();
  for (const word of words) {
    const labels = labelsOf(word);
    for (const [index, label] of labels.entries()) {
      const rest = labels.slice(index).join(".").toLowerCase();
      const before = seen.get(rest);
      if (before !== undefined) {
        bytes.push(POINTER | (before >> 8), before & 0xff);
        break;
      }
      if (compressed && bytes.length < 0x4000) seen.set(rest, bytes.length);
      bytes.push(label.length, ...new TextEncoder().encode(label));
      if (index === labels.length - 1) bytes.push(0);
    }
  }
  return bytes;
}

function labelsOf(word: string): readonly string[] {
  const labels = word.replace(/\.$/, "").split(".");
  const valid = labels.every((label) => label.length <= MOST_IN_LABEL && LABEL.test(label)) && word.length < MOST_IN_NAME - 1;
  if (!valid)
    throw new TypeError(`${JSON.stringify(word.slice(0, 60))} is not a domain name; write labels with dots between, as in demo.lan`);
  return labels;
}

/** undefined for bytes that are not names one after the other. A pointer may only lead back, so no bytes lead in circles. */
export function decodeNames(bytes: Uint8Array): readonly string[] | undefined {
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const read = nameAt(bytes, at);
    if (!read) return undefined;
    names.push(read.name);
    at = read.end;
  }
  return names.length > 0 ? names : undefined;
}

function nameAt(bytes: Uint8Array, start: number): { readonly name: string; readonly end: number } | undefined {
  const labels: string[] = [];
  let end: number | undefined;
  let before = start;
  let length = 1;
  for (let at = start; at < bytes.length; ) {
    const first = bytes[at]!;
    if (first === 0) return labels.length > 0 ? { name: labels.join("."), end: end ?? at + 1 } : undefined;
    if (first >= POINTER) {
      const target = ((first & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      if (at + 1 >= bytes.length || target >= before) return undefined;
      end ??= at + 2;
      before = at = target;
      continue;
    }
    const label = String.fromCharCode(...bytes.subarray(at + 1, at + 1 + first));
    length += 1 + first;
    if (first > MOST_IN_LABEL || label.length < first || length > MOST_IN_NAME || !LABEL.test(label)) return undefined;
    labels.push(label);
    at += 1 + first;
  }
  return undefined;
}
