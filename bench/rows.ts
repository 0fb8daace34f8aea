/** What is measured: a row for each piece of work, and in it what each server did, round after round. */

/** One server's work in one round. */
export interface Sample {
  /** Operations, or megabytes, a second. */
  readonly rate: number;
  /** Processor seconds for each of them. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  readonly failed: number;
  /** Why the first of them failed. */
  readonly because?: string;
  /** The share of one processor that the load took. */
  readonly load: number;
  /** The server did it in a simpler way than it was asked to. */
  readonly simpler?: string;
}

export interface Row {
  readonly protocol: "dhcp" | "tftp" | "dns" | "build";
  readonly name: string;
  /** What the rates count: "leases/s". */
  readonly unit: string;
  /** By the server's name. */
  readonly samples: Map<string, Sample[]>;
}

export class Rows {
  readonly #rows = new Map<string, Row>();

  add(row: Omit<Row, "samples">, server: string, sample: Sample): void {
    const key = `${row.protocol} ${row.name}`;
    const known = this.#rows.get(key) ?? { ...row, samples: new Map<string, Sample[]>() };
    this.#rows.set(key, known);
    known.samples.set(server, [...(known.samples.get(server) ?? []), sample]);
  }

  all(): readonly Row[] {
    return [...this.#rows.values()];
  }
}
