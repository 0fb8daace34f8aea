/** Other DHCP servers beside us, told once each and then kept for the status page: a few, since anybody can claim that there is one. */
import type { Ipv4, Mac } from "../../cluster/address.ts";

export interface Foreign {
  readonly address: Ipv4;
  /** Absent until it is known. */
  readonly mac?: Mac;
  readonly device?: string;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
  readonly toldAt: number;
}

/** Milliseconds that one stays on the status page after it was last heard: three searches. */
const STAYS = 900_000;
/** Milliseconds after which one that is still there is told of again. */
const REMINDS = 3_600_000;
const REMEMBERED = 16;

export class ForeignServers {
  readonly #known = new Map<Ipv4, Foreign>();

  /** Whether the operator is to be told now. */
  note(address: Ipv4, device: string | undefined, now: number): boolean {
    const known = this.#known.get(address);
    if (!known && this.#known.size >= REMEMBERED && !this.#forgetOne(now)) return false;
    const tell = !known || now - known.toldAt >= REMINDS;
    const where = device ?? known?.device;
    const mac = known?.mac;
    this.#known.set(address, {
      address,
      ...(mac && { mac }),
      ...(where !== undefined && { device: where }),
      lastSeen: now,
      toldAt: tell ? now : known.toldAt,
    });
    return tell;
  }

  learn(address: Ipv4, mac: Mac): Foreign | undefined {
    const known = this.#known.get(address);
    if (!known) return undefined;
    const learned = { ...known, mac };
    this.#known.set(address, learned);
    return learned;
  }

  find(address: Ipv4): Foreign | undefined {
    return this.#known.get(address);
  }

  /** Those heard of lately. */
  present(now: number): readonly Foreign[] {
    return [...this.#known.values()].filter(({ lastSeen }) => now - lastSeen < STAYS);
  }

  #forgetOne(now: number): boolean {
    const gone = [...this.#known.values()].find(({ lastSeen }) => now - lastSeen >= STAYS);
    if (gone) this.#known.delete(gone.address);
    return gone !== undefined;
  }
}

/** "10.0.0.254 (52:54:00:00:00:01) on eth1". */
export const described = ({ address, mac, device }: Foreign): string =>
  [address, ...(mac ? [`(${mac})`] : []), ...(device === undefined ? [] : [`on ${device}`])].join(" ");

export const warning = (server: Foreign): string =>
  `another DHCP server answers machines here: ${described(server)}. Two servers that give addresses give the same one twice, and machines ` +
  "boot what the quicker one says. Switch it off, or let it give the addresses and write network.dhcp: proxy in cluster-desc.yml";
