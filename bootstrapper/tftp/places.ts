/** Who is served right now: a bounded number of places, so that neither a boot storm nor a flood of forged requests takes all memory. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { UdpPeer } from "../wire/udp.ts";

export interface Limits {
  /** Transfers at one time. */
  readonly all: number;
  /** Of these, for one address. */
  readonly each: number;
}

export interface Guest {
  readonly peer: UdpPeer;
  readonly file: string;
  /** Absent while the file is opened. Such a guest keeps its place, so that what waits for the disk is bounded too. */
  session?: {
    /** It had answered, and then fell silent: it may have started over. */
    readonly stalled: boolean;
    stop(because: string): void;
  };
}

/** A request that gets no place is met with silence: the client asks again, where an error would end its boot. */
export type Verdict =
  | { readonly do: "serve" }
  /** A copy of a request that is being answered. Some clients abort when a second transfer answers them. */
  | { readonly do: "ignore" }
  | { readonly do: "turn-away"; readonly because: string };

export class Places {
  readonly #limits: Limits;
  readonly #guests = new Map<Ipv4, Set<Guest>>(); // of each address, oldest first
  /** Those that have not answered, oldest first: they may be forged, and real clients answer within milliseconds. */
  readonly #silent = new Set<Guest>();
  #count = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  take(guest: Guest): Verdict {
    const { address } = guest.peer;
    const own = this.#guests.get(address) ?? new Set();
    for (const before of own) if (answers(before, guest)) return { do: "ignore" };
    const full =
      own.size >= this.#limits.each
        ? { among: own, because: `${own.size} transfers for one address` }
        : this.#count >= this.#limits.all && { among: this.#silent, because: `${this.#count} transfers at one time` };
    if (full && !this.#makeRoom(full.among)) return { do: "turn-away", because: full.because };
    this.#guests.set(address, own.add(guest));
    this.#silent.add(guest);
    this.#count += 1;
    return { do: "serve" };
  }

  holds(guest: Guest): boolean {
    return this.#guests.get(guest.peer.address)?.has(guest) ?? false;
  }

  /** It has answered, and keeps its place from now on. */
  prove(guest: Guest): void {
    this.#silent.delete(guest);
  }

  leave(guest: Guest): void {
    const own = this.#guests.get(guest.peer.address);
    if (!own?.delete(guest)) return;
    if (own.size === 0) this.#guests.delete(guest.peer.address);
    this.#silent.delete(guest);
    this.#count -= 1;
  }

  clear(because: string): void {
    for (const own of [...this.#guests.values()]) for (const guest of [...own]) this.#dismiss(guest, because);
  }

  #makeRoom(among: ReadonlySet<Guest>): boolean {
    for (const guest of among) {
      if (!guest.session || !this.#silent.has(guest)) continue;
      this.#dismiss(guest, "others needed its place");
      return true;
    }
    return false;
  }

  #dismiss(guest: Guest, because: string): void {
    this.leave(guest);
    guest.session?.stop(because);
  }
}

/** One port asks for one file at a time; some boot ROMs start over from the same port. */
function answers({ peer, file, session }: Guest, asked: Guest): boolean {
  if (peer.port !== asked.peer.port) return false;
  return session === undefined || (file === asked.file && !session.stalled);
}
