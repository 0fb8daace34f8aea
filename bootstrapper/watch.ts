/** Notices that a bsroot was exchanged or edited: by looking, since a folder may be swapped, copied into or mounted anew, and no two of these look alike. */
import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { layout } from "../cluster/layout.ts";

/** Milliseconds. What was written a moment ago is still being written: it must look the same twice. */
const LOOK_EVERY = 1000;
const WATCHED = [layout.manifest, layout.description, layout.tls.bootstrapper, layout.tls.apiToken];

/**
 * Calls `changed` when it no longer looks as it did and rests, again and again until that answers that it is done with it. Never throws.
 * `seen` is the fingerprint of what is served already.
 */
export function watchBsroot(
  path: string,
  seen: string,
  changed: () => Promise<boolean>,
  every: number = LOOK_EVERY,
): { close(): Promise<void> } {
  let known = seen;
  let before = seen;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const now = await fingerprint(path);
    if (now !== known && now === before && (await changed().catch(() => false))) known = now;
    before = now;
  }
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, every).unref();
  return {
    close: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Never rejects. */
export async function fingerprint(path: string): Promise<string> {
  const marks = WATCHED.map(async (name) => {
    const found = await stat(join(path, name)).catch(() => undefined);
    return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : "missing";
  });
  return [await realpath(path).catch(() => "missing"), ...(await Promise.all(marks))].join("\n");
}
