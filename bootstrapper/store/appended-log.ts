/** One log of the embedded store: its newest entries in memory and in a file of their own. */
import { AppendFile, readLines } from "./append-file.ts";
import type { When } from "./store.ts";

/** Entries are JSON. A spoilt line costs its entries and nothing else: a log decides nothing. */
export class AppendedLog {
  readonly #file: AppendFile;
  readonly #limit: number;
  #entries: string[];
  /** Not written yet; in the order of appending. */
  readonly #waiting = new Set<{ readonly json: string }>();

  private constructor(path: string, limit: number, entries: string[]) {
    this.#limit = limit;
    this.#entries = entries;
    this.#file = new AppendFile(path, {
      sync: "lazy",
      snapshot: () => this.#entries.slice(-limit),
      live: () => Math.min(limit, this.#entries.length),
    });
  }

  static async open(path: string, limit: number): Promise<AppendedLog> {
    const lines = await readLines(path);
    const items = lines.slice(1).flatMap(({ items }) => items ?? []);
    const log = new AppendedLog(
      path,
      limit,
      items.slice(-limit).map((item) => JSON.stringify(item)),
    );
    await log.#file.start();
    return log;
  }

  append(json: string, when?: When): Promise<void> {
    const entry = { json };
    this.#waiting.add(entry);
    return this.#file.append(json, () => this.#add(entry), when).finally(() => this.#waiting.delete(entry));
  }

  /** What is on its way to the disk stands here already. */
  tail(count: number): readonly string[] {
    const most = Math.min(count, this.#limit);
    return most > 0 ? [...this.#entries.slice(-most), ...[...this.#waiting].map(({ json }) => json)].slice(-most) : [];
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #add(entry: { readonly json: string }): void {
    this.#waiting.delete(entry);
    this.#entries.push(entry.json);
    if (this.#entries.length > 2 * this.#limit) this.#entries = this.#entries.slice(-this.#limit);
  }
}
