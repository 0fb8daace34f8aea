/** Waiting for something to become so, with an end to it. */

export interface Waiting {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly limit: number;
  readonly every: number;
  /** Milliseconds that only rise. */
  now(): number;
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
  tell(text: string): void;
}

/** A failure that waiting does not mend. */
export class Hopeless extends Error {
  override readonly name = "Hopeless";
}

/** `check` answers what it still waits for; undefined: it is so. What it throws is waited out too, but for Hopeless. Rejects when the time is over. */
export async function until(check: () => Promise<string | undefined>, { signal, limit, every, now, pause, tell }: Waiting): Promise<void> {
  const end = now() + limit;
  let last = "";
  while (!signal.aborted) {
    try {
      const lacks = await check();
      if (lacks === undefined) return;
      last = lacks;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = (error as Error).message;
    }
    tell(last);
    if (now() >= end) throw new Error(`it did not come about within ${Math.round(limit / 60_000)} minutes: ${last}`);
    await pause(every, signal);
  }
  throw new Error("it was ended");
}
