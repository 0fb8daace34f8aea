/** Which of two versions of a Debian package is newer. https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */

/** Below 0 when `a` is older than `b`, above 0 when it is newer. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  return left.epoch - right.epoch || compareParts(left.upstream, right.upstream) || compareParts(left.revision, right.revision);
}

/** [epoch:]upstream[-revision]; what is not there is 0. */
function partsOf(version: string): { readonly epoch: number; readonly upstream: string; readonly revision: string } {
  const [, epoch = "0", rest = ""] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? [];
  const dash = rest.lastIndexOf("-");
  return dash < 0
    ? { epoch: Number(epoch), upstream: rest, revision: "0" }
    : { epoch: Number(epoch), upstream: rest.slice(0, dash), revision: rest.slice(dash + 1) };
}

/** Text and number in turns: text by the order below, numbers as numbers, and nothing where one of the two has ended. */
function compareParts(a: string, b: string): number {
  const [left, right] = [turns(a), turns(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one, other] = [left[index] ?? "", right[index] ?? ""];
    const difference = index % 2 === 0 ? compareTexts(one, other) : Number(one || 0) - Number(other || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Begins with text, which may be empty. */
const turns = (part: string): readonly string[] => [...part.matchAll(/(\D*)(\d*)/g)].flatMap(([, text, number]) => [text!, number!]);

function compareTexts(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = weight(a[index]) - weight(b[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A tilde stands before the end itself, letters before everything else. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === "~") return -1;
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}
