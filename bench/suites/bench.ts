/** What a suite is given: where to measure, whom, and how long. */
import type { Lab } from "../lab.ts";
import type { LoadProcess } from "../processes.ts";
import type { Rows } from "../rows.ts";
import type { Server, Work } from "../servers/server.ts";

export interface Bench {
  readonly lab: Lab;
  readonly load: LoadProcess;
  readonly servers: readonly Server[];
  readonly rows: Rows;
  readonly rounds: number;
  /** A few rows, for a look while something is being changed. */
  readonly quick: boolean;
  /** Rows whose name lacks this are left out. */
  readonly match: string;
  readonly work: Work;
  /** Says what is going on. */
  say(text: string): void;
}
