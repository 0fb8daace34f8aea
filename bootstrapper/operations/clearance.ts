/** Waits until nothing speaks against a step, for as long as that may come about by itself. */
import { isGuarded, objection } from "./guard.ts";
import type { Step, Wish } from "./operation.ts";
import type { Situation } from "./situation.ts";
import { Hopeless, until, type Waiting } from "./wait.ts";

/** Milliseconds. After a power cut that the server outran, machines are up again by then. */
const PATIENCE = 10 * 60_000;
/** Milliseconds between two looks. */
const EVERY = 5_000;

/** `look` rejects when the cluster cannot be looked at. Rejects with what speaks against the step, or when it is ended. */
export async function cleared(
  step: Step,
  wish: Wish,
  look: () => Promise<Situation>,
  waiting: Omit<Waiting, "limit" | "every">,
): Promise<void> {
  if (!isGuarded(step, wish)) return;
  const check = async (): Promise<string | undefined> => {
    const against = objection(step, await look(), wish);
    if (against && !against.mayPass) throw new Hopeless(against.because);
    return against?.because;
  };
  await until(check, { ...waiting, limit: PATIENCE, every: EVERY });
}
