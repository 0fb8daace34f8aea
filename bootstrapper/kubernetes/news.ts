/** Which findings are news: what has lasted for two looks is said once, and so is its end. Pure but for what it remembers. */
import type { Mac } from "../../cluster/address.ts";
import type { Finding } from "./health.ts";

export interface News {
  readonly level: "info" | "warning";
  readonly mac?: Mac;
  readonly text: string;
}

export class Novelty {
  #before = new Map<string, Finding>();
  readonly #said = new Map<string, Finding>();

  /** `findings`: everything that is wrong now. */
  of(findings: readonly Finding[]): readonly News[] {
    const now = new Map(findings.map((finding) => [finding.about, finding]));
    const lasting = [...now.values()].filter(({ about }) => this.#before.has(about));
    const worse = lasting.filter(({ about, text }) => this.#said.get(about)?.text !== text && this.#before.get(about)?.text === text);
    const over = [...this.#said.values()].filter(({ about }) => !now.has(about) && !this.#before.has(about));
    for (const finding of worse) this.#said.set(finding.about, finding);
    for (const { about } of over) this.#said.delete(about);
    this.#before = now;
    return [
      ...worse.map(({ mac, text }) => ({ level: "warning" as const, ...(mac && { mac }), text })),
      ...over.map(({ mac, about }) => ({ level: "info" as const, ...(mac && { mac }), text: `${about}: all is well again` })),
    ];
  }
}
