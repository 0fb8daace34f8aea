/** What a group of server processes costs: processor time, ended children included, and the most memory they held at one time. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

export interface Usage {
  /** Seconds. */
  readonly cpu: number;
  /** Bytes, shared pages counted once. */
  readonly memory: number;
  /** Seconds by program. */
  readonly byProgram: Readonly<Record<string, number>>;
}

export interface Meter {
  stop(): Usage;
}

/** proc(5): the kernel reports in hundredths of a second on every Linux. */
const TICKS = 100;
/** Looking costs time of its own, so it may take no more than this share of one processor. */
const SHARE = 0.02;

/** Measures every process in a network namespace. */
export function measure(namespace: string): Meter {
  const inode = statSync(`/run/netns/${namespace}`).ino;
  const inside = (): readonly string[] => pids().filter((pid) => namespaceOf(pid) === `net:[${inode}]`);
  const before = times(inside());
  let memory = 0;
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const begun = performance.now();
    memory = Math.max(
      memory,
      inside().reduce((sum, pid) => sum + shareOfMemory(pid), 0),
    );
    timer = setTimeout(look, Math.max(250, (performance.now() - begun) / SHARE));
  };
  look();
  return {
    stop: () => {
      look();
      clearTimeout(timer);
      const byProgram: Record<string, number> = {};
      for (const [pid, { name, seconds }] of times(inside()))
        byProgram[name] = (byProgram[name] ?? 0) + seconds - (before.get(pid)?.seconds ?? 0);
      return { cpu: Object.values(byProgram).reduce((sum, each) => sum + each, 0), memory, byProgram };
    },
  };
}

const pids = (): readonly string[] => readdirSync("/proc").filter((name) => /^\d+$/.test(name));

function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return ""; // it ended while we looked
  }
}

/** Of each process and of those of its children that have ended. */
function times(pids: readonly string[]): ReadonlyMap<string, { readonly name: string; readonly seconds: number }> {
  return new Map(
    pids.map((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      const name = /\((.*)\)/.exec(stat)?.[1] ?? "";
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0); // utime stime cutime cstime
      return [pid, { name, seconds: ticks / TICKS }];
    }),
  );
}

const shareOfMemory = (pid: string): number => Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended while we looked
  }
}
