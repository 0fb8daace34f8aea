/** Our addresses in further subnets: those that can be had, taken and given up as the description changes. */
import type { Ipv4 } from "../../../cluster/address.ts";
import type { Listening } from "./service.ts";

export class Beside {
  readonly #open: (address: Ipv4) => Promise<Listening>;
  readonly #warn: (text: string) => void;
  readonly #listening = new Map<Ipv4, Listening>();

  /** `open` rejects when an address cannot be had; then it is told, and the others are served. */
  constructor(open: (address: Ipv4) => Promise<Listening>, warn: (text: string) => void) {
    this.#open = open;
    this.#warn = warn;
  }

  /** Serves these and no others. */
  async serve(addresses: readonly Ipv4[]): Promise<void> {
    for (const [address, listening] of this.#listening) {
      if (addresses.includes(address)) continue;
      this.#listening.delete(address);
      await listening.close();
    }
    for (const address of addresses) {
      if (this.#listening.has(address)) continue;
      try {
        this.#listening.set(address, await this.#open(address));
      } catch (error) {
        this.#warn(`not served on ${address}: ${(error as Error).message}`);
      }
    }
  }

  answered(): number {
    return [...this.#listening.values()].reduce((sum, one) => sum + one.answered(), 0);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#listening.values()].map((one) => one.close()));
  }
}
