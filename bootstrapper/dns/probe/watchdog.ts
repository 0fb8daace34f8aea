/** Asks the DNS server itself now and then, over the network, as a machine would: a port that is open need not answer. */

/** Milliseconds between two questions, and failures in a row that count: a busy second is not an outage. */
const PAUSE = 10_000;
const FAILURES = 2;

export interface Watchdog {
  /** Undefined when all is well. */
  trouble(): string | undefined;
  close(): void;
}

/** `ask` resolves to what is wrong, and never rejects. `onChange` hears when it goes wrong, and when it is well again. */
export function watchdog(ask: () => Promise<string | undefined>, onChange: (trouble: string | undefined) => void, pause = PAUSE): Watchdog {
  let failures = 0;
  let trouble: string | undefined;
  let closed = false;
  const timer = setInterval(async () => {
    const wrong = await ask();
    if (closed) return;
    failures = wrong === undefined ? 0 : failures + 1;
    const now = failures >= FAILURES ? wrong : undefined;
    if ((now === undefined) !== (trouble === undefined)) onChange(now);
    trouble = now;
  }, pause).unref();
  return {
    trouble: () => trouble,
    close: () => {
      closed = true;
      clearInterval(timer);
    },
  };
}
