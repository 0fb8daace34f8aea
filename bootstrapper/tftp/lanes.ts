/** The sockets that carry transfers: a few for all, so that one system call hears and answers many clients, and none runs out of them. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { UdpPeer } from "../wire/udp.ts";
import { Lane } from "./lane.ts";
import { COARSENESS } from "./transfer.ts";

/** Transfers that one port of a client can have had within seconds. */
const LANES = 4;

export class Lanes {
  readonly #lanes: readonly Lane[];
  #next = 0;
  #sweeping: NodeJS.Timeout | undefined;

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  /** Throws UdpError when there are no ports to be had. */
  static async open(address: Ipv4, onTrouble: (error: Error) => void): Promise<Lanes> {
    const now = (): number => performance.now();
    return new Lanes(await Promise.all(Array.from({ length: LANES }, () => Lane.open(address, now, onTrouble))));
  }

  /** The next one where the peer has nothing running, and rather one where nothing of it may still be on its way; undefined when it has something everywhere. */
  for(peer: UdpPeer): Lane | undefined {
    this.#sweeping ??= setInterval(() => this.#sweep(), COARSENESS).unref();
    this.#next = (this.#next + 1) % LANES;
    const free = [...this.#lanes.slice(this.#next), ...this.#lanes.slice(0, this.#next)].filter((lane) => !lane.isBusyWith(peer));
    return free.find((lane) => !lane.isQuietAfter(peer)) ?? free[0];
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #sweep(): void {
    for (const lane of this.#lanes) lane.sweep();
  }
}
