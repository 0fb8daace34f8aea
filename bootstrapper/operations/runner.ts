/** Carries an operation out: one step at a time, each on disk when it is done, so that a restart goes on where it was. */
import { inTurn } from "../in-turn.ts";
import type { Journal } from "../journal.ts";
import type { Store, Table } from "../store/store.ts";
import { cleared } from "./clearance.ts";
import { inWords, leftOpen, type Operation, type Step, standing, underWay, type Wish, wishInWords } from "./operation.ts";
import type { Situation } from "./situation.ts";

/** What an operation does to the cluster; the only part that touches it. */
export interface Hands {
  /** Rejects when the cluster cannot be looked at. */
  look(signal: AbortSignal): Promise<Situation>;
  /** Resolves when it is so. Rejects with why it is not, and what to do. */
  take(step: Step, doing: Doing): Promise<void>;
}
export interface Doing {
  readonly signal: AbortSignal;
  /** What an order of this step is called: `<order>.<tries>`; another try is another order. */
  readonly order: string;
  readonly tries: number;
  /** What it waits for, for whoever looks on. */
  tell(text: string): void;
}

export interface RunnerSettings {
  readonly store: Store;
  readonly hands: Hands;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that only rise. */
  rises(): number;
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Hex digits. */
  random(bytes: number): string;
}

/** Why what the operator asks for cannot be. */
export class OperationError extends Error {
  override readonly name = "OperationError";
}

const KEY = "last";

export class Runner {
  readonly #settings: RunnerSettings;
  readonly #table: Table<Operation>;
  #operation: Operation | undefined;
  #doing = "";
  #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();
  /** What is asked for one after the other. */
  readonly #inTurn = inTurn();

  /** An operation that was running goes on. */
  static async open(settings: RunnerSettings): Promise<Runner> {
    const table = settings.store.table<Operation>("operations");
    const runner = new Runner(settings, table, (await table.entries()).get(KEY));
    runner.#go();
    return runner;
  }

  private constructor(settings: RunnerSettings, table: Table<Operation>, operation: Operation | undefined) {
    this.#settings = settings;
    this.#table = table;
    this.#operation = operation;
  }

  get operation(): Operation | undefined {
    return this.#operation;
  }

  /** What it does at this moment; "" when there is nothing to say. */
  get doing(): string {
    return this.#doing;
  }

  /** Rejects with OperationError while another one is not at its end. */
  begin(wish: Wish, steps: readonly Step[]): Promise<Operation> {
    return this.#inTurn(async () => {
      const { now, random } = this.#settings;
      const last = underWay(this.#operation);
      if (last)
        throw new OperationError(
          `"${wishInWords(last.wish)}" is ${last.is} at step ${last.at + 1} of ${last.steps.length}; continue or cancel it first`,
        );
      const begun = now();
      await this.#keep({ id: random(4), wish, steps, at: 0, is: "running", tries: 0, begun, changed: begun });
      this.#journal("info", `begins: ${wishInWords(wish)}, ${steps.length} steps`);
      this.#go();
      return this.operation!;
    });
  }

  /** The step it stopped at is done again. */
  continue(): Promise<Operation> {
    return this.#inTurn(async () => {
      const stopped = this.#operation;
      if (stopped?.is !== "stopped") throw new OperationError(`there is nothing to continue: ${standing(stopped)}`);
      const { because: _, ...rest } = stopped;
      await this.#keep({ ...rest, is: "running", tries: stopped.tries + 1 });
      this.#journal("info", `goes on with step ${stopped.at + 1}: ${inWords(stopped.steps[stopped.at]!)}`);
      this.#go();
      return this.operation!;
    });
  }

  /** Nothing more of it is done; what was done stays. */
  cancel(): Promise<Operation> {
    return this.#inTurn(async () => {
      if (this.#operation?.is !== "running" && this.#operation?.is !== "stopped")
        throw new OperationError(`there is nothing to cancel: ${standing(this.#operation)}`);
      this.#abort.abort();
      const last = await this.#work.then(() => this.#operation!);
      if (last.is === "done") throw new OperationError("it came to its end just now");
      const because = `cancelled before step ${last.at + 1} of ${last.steps.length} was done; what was done before stays${leftOpen(last)}`;
      await this.#keep({ ...last, is: "cancelled", because });
      this.#journal("warning", because);
      return this.operation!;
    });
  }

  /** What is running goes on after the next start. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#work;
  }

  #go(): void {
    if (this.#operation?.is !== "running") return;
    this.#abort = new AbortController();
    this.#work = this.#run(this.#abort.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let operation = this.#operation; operation?.is === "running" && !signal.aborted; operation = this.#operation) {
      const step = operation.steps[operation.at];
      try {
        if (step) await this.#take(step, operation, signal);
        if (signal.aborted) return;
        const at = operation.at + 1;
        await this.#keep(at < operation.steps.length ? { ...operation, at } : { ...operation, at: operation.steps.length, is: "done" });
        if (at >= operation.steps.length) this.#journal("info", `is done: ${wishInWords(operation.wish)}`);
      } catch (error) {
        if (signal.aborted) return;
        await this.#stop(operation, step, error as Error);
      }
    }
    this.#doing = "";
  }

  async #take(step: Step, operation: Operation, signal: AbortSignal): Promise<void> {
    const { hands, rises, pause } = this.#settings;
    const words = inWords(step);
    this.#doing = words;
    const tell = (text: string): void => {
      this.#doing = `${words}: ${text}`;
    };
    await cleared(step, operation.wish, () => hands.look(signal), { signal, now: rises, pause, tell });
    if (signal.aborted) return;
    this.#doing = words;
    this.#journal("info", `${operation.at + 1}/${operation.steps.length} ${words}`);
    await hands.take(step, { signal, order: `${operation.id}.${ordering(operation)}`, tries: operation.tries, tell });
  }

  /** In memory even when the disk refuses: it is done again after a restart. */
  async #stop(operation: Operation, step: Step | undefined, error: Error): Promise<void> {
    const what = step ? inWords(step) : "its end";
    const because = `step ${operation.at + 1} of ${operation.steps.length} (${what}) failed: ${error.message}`;
    this.#journal("warning", `stopped: ${because}; put it right, then continue, or cancel`);
    const stopped: Operation = { ...operation, is: "stopped", because, changed: this.#settings.now() };
    this.#operation = stopped;
    await this.#keep(stopped).catch((refused: Error) => this.#journal("warning", `that it stopped is not on disk: ${refused.message}`));
  }

  async #keep(operation: Operation): Promise<void> {
    const next = { ...operation, changed: this.#settings.now() };
    await this.#table.put(KEY, next);
    this.#operation = next;
  }

  #journal(level: "info" | "warning", text: string): void {
    this.#settings.journal({ from: "kubernetes", level, text: `operation ${text}` });
  }
}

/** The step whose order a step gives or waits for. */
export function ordering({ steps, at }: Pick<Operation, "steps" | "at">): number {
  const step = steps[at];
  if (step?.do !== "obeyed") return at;
  const index = steps.findLastIndex((one, before) => before < at && one.do === step.order && one.mac === step.mac);
  return index < 0 ? at : index;
}
