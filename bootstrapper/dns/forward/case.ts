/** Capitals and small letters at random: what an answer must repeat, and a forger must guess beside id and port. draft-vixie-dnsext-dns0x20. */

/** The question section with each letter's case chosen by one bit of `chance`, which has a bit for each byte. */
export function shuffled(question: Uint8Array, chance: Uint8Array): Buffer {
  const spelled = Buffer.from(question);
  for (let at = 0; at < spelled.length - 4; at++) {
    const lower = spelled[at]! | 0x20;
    if (lower < 0x61 || lower > 0x7a) continue; // a label's length is below 64, and so no letter
    spelled[at] = (chance[at >> 3]! >> (at & 7)) & 1 ? lower : lower & 0xdf;
  }
  return spelled;
}

/** Bytes of chance that a question of that length needs. */
export const chanceFor = (question: Uint8Array): number => (question.length + 7) >> 3;

export type Likeness = "same" | "other letters" | "different";

/** How alike two question sections are. Letters may differ in case; the type and class behind the name may not differ at all. */
export function likeness(one: Uint8Array, other: Uint8Array): Likeness {
  if (one.length !== other.length) return "different";
  let letters = false;
  for (let at = 0; at < one.length; at++) {
    const [a, b] = [one[at]!, other[at]!];
    if (a === b) continue;
    const lower = a | 0x20;
    if (at >= one.length - 4 || lower !== (b | 0x20) || lower < 0x61 || lower > 0x7a) return "different";
    letters = true;
  }
  return letters ? "other letters" : "same";
}
