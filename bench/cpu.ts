/** What a server and everybody it started cost so far: /proc/PID/stat, proc(5). */

export interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks of its own, and of its children that ended. */
  readonly own: number;
  readonly children: number;
}

/** Undefined when `text` is nothing of the kind. */
export function parseStat(text: string): Stat | undefined {
  // The name in parentheses may hold anything, spaces and parentheses included.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const number = (field: number): number => Number(fields[field - 3]);
  const stat = { pid: Number.parseInt(text, 10), parent: number(4), own: number(14) + number(15), children: number(16) + number(17) };
  return Object.values(stat).every(Number.isFinite) ? stat : undefined;
}

/** Clock ticks of `root` and its living descendants, those that ended included. */
export function ticksOf(root: number, stats: readonly Stat[]): number {
  const byParent = new Map<number, Stat[]>();
  for (const stat of stats) byParent.set(stat.parent, [...(byParent.get(stat.parent) ?? []), stat]);
  const below = (stat: Stat): number => (byParent.get(stat.pid) ?? []).reduce((sum, child) => sum + below(child), stat.own + stat.children);
  const found = stats.find(({ pid }) => pid === root);
  return found ? below(found) : 0;
}

/** sysconf(_SC_CLK_TCK): Linux tells user space no other. */
export const TICKS_A_SECOND = 100;
