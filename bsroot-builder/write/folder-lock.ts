/** One build at a time in a bsroot: a lock file that a dead builder leaves behind is taken over. */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { layout } from "../../cluster/layout.ts";

export class FolderBusy extends Error {}

/** `born` tells a process from a later one with the same number. */
const holder = z.object({ pid: z.int().positive(), host: z.string(), born: z.string(), id: z.string() });
type Holder = z.infer<typeof holder>;

/** Throws FolderBusy while another build lives; otherwise answers how to let go. */
export async function lockFolder(root: string): Promise<() => Promise<void>> {
  const folder = join(root, layout.build);
  await mkdir(folder, { recursive: true });
  const lock = join(folder, "lock");
  const me: Holder = { pid: process.pid, host: hostname(), born: (await bornOf(process.pid)) ?? "", id: randomUUID() };
  const draft = `${lock}.${me.id}`;
  await writeFile(draft, JSON.stringify(me));
  try {
    for (;;) {
      if (await hardLinked(draft, lock)) return () => rm(lock, { force: true });
      await removeIfStale(lock, me);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** link() is the one operation that makes a name and fails if it is there already, also on a network disk. */
async function hardLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves a dead holder's lock away. If a third build was quicker, what moved is that build's, and goes back. */
async function removeIfStale(lock: string, me: Holder): Promise<void> {
  const other = await readHolder(lock);
  if (other === undefined) return; // let go just now
  if (other !== "unreadable" && (other.host !== me.host || (await isAlive(other)))) throw busy(other, me, lock);
  const moved = `${lock}.stale.${me.id}`;
  try {
    await rename(lock, moved);
  } catch {
    return; // somebody else moved it
  }
  const taken = await readHolder(moved);
  if (other !== "unreadable" && taken !== "unreadable" && taken !== undefined && taken.id !== other.id) {
    await hardLinked(moved, lock);
  }
  await rm(moved, { force: true });
}

async function readHolder(path: string): Promise<Holder | "unreadable" | undefined> {
  try {
    return holder.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "unreadable";
  }
}

async function isAlive({ pid, born }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await bornOf(pid);
  return now === undefined || born === "" || now === born;
}

/** Start time in clock ticks since boot, field 22 of proc(5)'s stat; undefined where there is no /proc. */
async function bornOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function busy({ pid, host }: Holder, me: Holder, lock: string): FolderBusy {
  return host === me.host
    ? new FolderBusy(`another build (process ${pid}) is writing here; wait for it, or stop it`)
    : new FolderBusy(`a build on ${host} (process ${pid}) is writing here; if you know it is dead, delete ${lock}`);
}
