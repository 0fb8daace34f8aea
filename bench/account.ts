/**
 * What a server and everybody it started cost, by the kernel's own account: a control group (cgroups(7)) for each.
 * /proc does not do for all of them: a server that ignores its children's end (tftpd-hpa) never gets their times.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";

interface Kind {
  readonly place: string;
  /** In a group. */
  readonly file: string;
  /** Seconds, of what the file says. */
  seconds(text: string): number;
}

const KINDS: readonly Kind[] = [
  { place: "/sys/fs/cgroup/cpuacct", file: "cpuacct.usage", seconds: (text) => Number(text) / 1e9 },
  { place: "/sys/fs/cgroup/unified", file: "cpu.stat", seconds: usageOf },
  { place: "/sys/fs/cgroup", file: "cpu.stat", seconds: usageOf },
];

function usageOf(text: string): number {
  return Number(/^usage_usec (\d+)$/m.exec(text)?.[1]) / 1e6;
}

export interface Account {
  /** The command that runs `command` on this account. */
  on(command: readonly string[]): [string, ...string[]];
  /** Processor seconds so far. */
  seconds(): number;
  /** Ends whoever is still on it. */
  end(): void;
  /** When everybody on it has ended; throws before. */
  close(): void;
}

let count = 0;

/** Undefined where we may not make groups. */
export function openAccount(): Account | undefined {
  for (const { place, file, seconds } of KINDS) {
    const folder = join(place, `sextant-bench-${process.pid}-${++count}`);
    try {
      accessSync(join(place, "cgroup.procs"), constants.W_OK);
      mkdirSync(folder);
      const read = (): number => seconds(readFileSync(join(folder, file), "utf8"));
      if (read() === 0) {
        const enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"';
        return {
          on: (command) => ["sh", "-c", enter, folder, ...command],
          seconds: read,
          end: () => {
            for (const pid of readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean))
              process.kill(Number(pid), "SIGKILL");
          },
          close: () => rmdirSync(folder),
        };
      }
      rmdirSync(folder);
    } catch {
      // not this kind
    }
  }
  return undefined;
}

/** Removes the groups of a bench that was killed; nobody is in them any more. */
export function sweepAccounts(): void {
  for (const { place } of KINDS) {
    for (const name of existsSync(place) ? readdirSync(place) : []) {
      const owner = /^sextant-bench-(\d+)-\d+$/.exec(name)?.[1];
      if (owner !== undefined && !existsSync(`/proc/${owner}`)) rmdirSync(join(place, name));
    }
  }
}
