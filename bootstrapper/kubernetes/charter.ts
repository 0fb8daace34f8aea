/** The founding as it is kept: one step after another, and on disk before anybody is told. */
import type { Mac } from "../../cluster/address.ts";
import { inTurn } from "../in-turn.ts";
import type { Store, Table } from "../store/store.ts";
import { type Answer, type Circumstances, decide, type Founding, resumed, type Step } from "./founding.ts";

/** Steps that may wait for the disk; a rack asks every few seconds. */
const WAITING = 4096;
const KEY = "founding";

export class Charter {
  readonly #table: Table<Founding>;
  #founding: Founding;
  readonly #inTurn = inTurn();
  #waiting = 0;

  static async open(store: Store, now: number): Promise<Charter> {
    const table = store.table<Founding>("kubernetes");
    return new Charter(table, resumed((await table.entries()).get(KEY) ?? {}, now));
  }

  private constructor(table: Table<Founding>, founding: Founding) {
    this.#table = table;
    this.#founding = founding;
  }

  get founding(): Founding {
    return this.#founding;
  }

  /** Rejects, with nothing changed, when the disk refuses. `circumstances` are asked for when it is this step's turn. */
  async step(mac: Mac, step: Step, circumstances: () => Circumstances): Promise<Answer> {
    if (this.#waiting >= WAITING) return { do: "wait", because: "too many machines ask at once" };
    this.#waiting += 1;
    try {
      return await this.#inTurn(async () => {
        const { founding, answer } = decide(this.#founding, mac, step, circumstances());
        if (mark(founding) !== mark(this.#founding)) await this.#table.put(KEY, founding);
        this.#founding = founding;
        return answer;
      });
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** When a founder was last heard is not worth a write each time. */
const mark = ({ founder, founded }: Founding): string => JSON.stringify([founder && { ...founder, heard: 0 }, founded]);
