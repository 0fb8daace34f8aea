/** Text as netascii: LF becomes CR LF, and a CR of its own CR NUL. RFC 764 by way of RFC 1350 §1. */
const CR = 13;
const LF = 10;

export function netascii(text: Uint8Array): Uint8Array {
  const out = new Uint8Array(text.length + text.reduce((sum, byte) => sum + (byte === CR || byte === LF ? 1 : 0), 0));
  let at = 0;
  for (const byte of text) {
    if (byte === LF) out[at++] = CR;
    out[at++] = byte;
    if (byte === CR) out[at++] = 0;
  }
  return out;
}
