/** The most memory that the processes of a network namespace held at one time. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

export interface Meter {
  /** Bytes; a page that several processes share is counted once. */
  stop(): number;
}

/** Looking costs time of its own, so it may take no more than this share of one processor. */
const SHARE = 0.02;
const EVERY = 250;

export function measure(namespace: string): Meter {
  const wanted = `net:[${statSync(`/run/netns/${namespace}`).ino}]`;
  let most = 0;
  let timer: NodeJS.Timeout;
  const look = (): void => {
    const begun = performance.now();
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && namespaceOf(name) === wanted);
    most = Math.max(
      most,
      pids.reduce((sum, pid) => sum + proportionalSize(pid), 0),
    );
    timer = setTimeout(look, Math.max(EVERY, (performance.now() - begun) / SHARE));
  };
  look();
  return {
    stop: () => {
      clearTimeout(timer);
      return most;
    },
  };
}

/** proc(5). A process that ends while we look has no namespace and no memory. */
function namespaceOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return "";
  }
}

function proportionalSize(pid: string): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
