/** The sockets that carry transfers: a few for all, so that one system call hears and answers many clients, and none runs out of them. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { UdpPeer } from "../wire/udp.ts";
import { Lane } from "./lane.ts";
import { COARSENESS } from "./transfer.ts";

/** Transfers that one port of a client can have had within seconds. */
const LANES = 4;

export class Lanes {
  readonly #lanes: readonly Lane[];
  #sweeping: NodeJS.Timeout | undefined;

  private constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  /** Throws UdpError when there are no ports to be had. */
  static async open(address: Ipv4, onTrouble: (error: Error) => void): Promise<Lanes> {
    const now = (): number => performance.now();
    return new Lanes(await Promise.all(Array.from({ length: LANES }, () => Lane.open(address, now, onTrouble))));
  }

  /** The first one where nothing of the peer's is running or on its way: the fewer lanes are used, the more each system call does. */
  for(peer: UdpPeer): Lane | undefined {
    this.#sweeping ??= setInterval(() => this.#sweep(), COARSENESS).unref();
    const free = this.#lanes.filter((lane) => !lane.isBusyWith(peer));
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
