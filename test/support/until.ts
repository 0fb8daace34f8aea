/** Waiting for something that happens elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";

/** Seconds. */
export interface Patience {
  readonly seconds: number;
  /** Between two looks. */
  readonly every: number;
}

/** Asks again until the answer is something. Throws with what was seen last. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, { seconds, every }: Patience): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let trouble = "";
  while (Date.now() < deadline) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      trouble = `; last: ${(error as Error).message}`;
    }
    await sleep(every * 1000);
  }
  throw new Error(`${what}: not within ${seconds} s${trouble}`);
}
