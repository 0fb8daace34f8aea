/** One build at a time in a bsroot; what a dead builder leaves behind stops nobody. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { layout } from "../../cluster/layout.ts";

export class FolderBusy extends Error {}

/** `born` tells a process from a later one with the same number. */
const claim = z.object({ pid: z.int().positive(), host: z.string(), born: z.string(), id: z.string() });
type Claim = z.infer<typeof claim>;

const PREFIX = "lock-";
const POLL = 50;
const PATIENCE = 20;

/**
 * Throws FolderBusy while another build lives; otherwise answers how to let go.
 *
 * Everybody first writes a claim of their own, then looks for others', and goes on only when there are none: of two, the later one sees the
 * earlier. Nobody ever has to take a lock away from somebody, which two could do at once. When two claims appear together, the one that sorts
 * first waits a moment for the other to step back.
 */
export async function lockFolder(root: string): Promise<() => Promise<void>> {
  const folder = join(root, layout.build);
  await mkdir(folder, { recursive: true });
  const me: Claim = { pid: process.pid, host: hostname(), born: (await bornOf(process.pid)) ?? "", id: randomUUID() };
  const mine = join(folder, PREFIX + me.id);
  await writeFile(`${mine}.part`, JSON.stringify(me));
  await rename(`${mine}.part`, mine);
  const letGo = () => rm(mine, { force: true });
  try {
    for (let tries = 0; ; tries += 1) {
      const others = await livingClaims(folder, me);
      const [first] = others;
      if (!first) return letGo;
      if (tries === PATIENCE || others.some(({ id }) => id < me.id)) throw busy(first, me, join(folder, PREFIX + first.id));
      await sleep(POLL);
    }
  } catch (error) {
    await letGo();
    throw error;
  }
}

/** Clears away what the dead left. */
async function livingClaims(folder: string, me: Claim): Promise<readonly Claim[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PREFIX) && !name.endsWith(".part") && name !== PREFIX + me.id);
  const claims = await Promise.all(
    names.map(async (name) => {
      const other = await readClaim(join(folder, name));
      if (other && (other.host !== me.host || (await isAlive(other)))) return [other];
      await rm(join(folder, name), { force: true });
      return [];
    }),
  );
  return claims.flat();
}

/** A claim gets its name whole, so one that cannot be read is nobody's. */
async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    return claim.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, born }: Claim): Promise<boolean> {
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

function busy({ pid, host }: Claim, me: Claim, path: string): FolderBusy {
  return host === me.host
    ? new FolderBusy(`another build (process ${pid}) is writing here; wait for it, or stop it`)
    : new FolderBusy(`a build on ${host} (process ${pid}) is writing here; if you know it is dead, delete ${path}`);
}
