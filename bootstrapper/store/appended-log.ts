/** One log of the embedded store: its newest entries in memory and in a file of their own. */
import { AppendFile, readLines } from "./append-file.ts";

/** Entries are JSON. A spoilt line costs its entries and nothing else: a log decides nothing. */
export class AppendedLog {
  readonly #file: AppendFile;
  readonly #limit: number;
  #entries: string[];

  private constructor(path: string, limit: number, entries: string[]) {
    this.#limit = limit;
    this.#entries = entries;
    this.#file = new AppendFile(path, {
      sync: "lazy",
      snapshot: () => this.tail(limit),
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

  append(json: string): Promise<void> {
    return this.#file.append(json, () => this.#add(json));
  }

  tail(count: number): readonly string[] {
    return count > 0 ? this.#entries.slice(-Math.min(count, this.#limit)) : [];
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #add(json: string): void {
    this.#entries.push(json);
    if (this.#entries.length > 2 * this.#limit) this.#entries = this.#entries.slice(-this.#limit);
  }
}
