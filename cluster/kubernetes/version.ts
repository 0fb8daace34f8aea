/** Versions as numbers with dots, and which of two comes first. */

/** "1.36.4" -> "1.36" */
export const minorOf = (version: string): string => version.split(".").slice(0, 2).join(".");

/** Whether it is one exact release, and not "1.36" or "current". */
export const isExact = (version: string): boolean => version.split(".").length === 3;

/** Below zero when `a` comes first. Of two versions as much is compared as both say: "1.36.4" and "1.36" are the same. */
export function compare(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  const common = Math.min(left.length, right.length);
  for (let at = 0; at < common; at += 1) if (left[at] !== right[at]) return left[at]! - right[at]!;
  return 0;
}

/** "3.6.8-0" is the release 3.6.8 in its first packaging; "v1.14.2" is 1.14.2. */
const numbers = (version: string): readonly number[] => version.replace(/^v/, "").replace(/-.*$/, "").split(".").map(Number);

/** How many minors `a` is ahead of `b`: 1.36 is 2 ahead of 1.34. */
export const minorsAhead = (a: string, b: string): number => numbers(a)[1]! - numbers(b)[1]!;
