/** Limits on how bytes may be fetched: not from the network at all, or not faster than others can bear. */
import { DownloadError } from "./error.ts";
import { hostOf } from "./pool.ts";
import type { Open, Opened } from "./source.ts";

export const NOT_HERE = "is not here, and --offline forbids to fetch it; build once without, or name a --cache that has it";

/** Files on this machine, and nothing else. */
export const offline =
  (open: Open): Open =>
  (wish) => {
    if (wish.url.startsWith("file:")) return open(wish);
    return Promise.reject(new DownloadError(NOT_HERE));
  };

/** A host that asked one download for patience is left alone by all of them until then. */
export function polite(open: Open, sleep: (milliseconds: number) => Promise<void>, now: () => number): Open {
  const notBefore = new Map<string, number>();
  return async (wish) => {
    const host = hostOf(wish.url);
    const wait = (notBefore.get(host) ?? 0) - now();
    if (wait > 0) await sleep(wait);
    try {
      return await open(wish);
    } catch (error) {
      if (error instanceof DownloadError && error.after !== undefined)
        notBefore.set(host, Math.max(notBefore.get(host) ?? 0, now() + error.after));
      throw error;
    }
  };
}

/** All downloads together, in bytes a second. */
export function throttled(open: Open, rate: number, sleep: (milliseconds: number) => Promise<void>, now: () => number): Open {
  let freeAt = now();
  const pass = async (bytes: number): Promise<void> => {
    const begins = Math.max(freeAt, now());
    freeAt = begins + (bytes * 1000) / rate;
    if (begins > now()) await sleep(begins - now());
  };
  return async (wish) => {
    const opened = await open(wish);
    return wish.url.startsWith("file:") ? opened : { ...opened, body: paced(opened, pass) };
  };
}

async function* paced({ body }: Opened, pass: (bytes: number) => Promise<void>): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    await pass(chunk.length);
    yield chunk;
  }
}
