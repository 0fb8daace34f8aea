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
    /** It has answered: its address is not forged. */
    readonly proven: boolean;
    /** It had answered, and then fell silent: it may have started over. */
    readonly stalled: boolean;
    stop(because: string): Promise<void>;
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
  readonly #guests = new Set<Guest>(); // oldest first

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  take(guest: Guest): Verdict {
    if ([...this.#guests].some((before) => answers(before, guest))) return { do: "ignore" };
    const full = this.#full(guest.peer.address);
    if (full && !this.#makeRoom(full.among)) return { do: "turn-away", because: full.because };
    this.#guests.add(guest);
    return { do: "serve" };
  }

  holds(guest: Guest): boolean {
    return this.#guests.has(guest);
  }

  leave(guest: Guest): void {
    this.#guests.delete(guest);
  }

  /** Resolves when every session has freed its socket. */
  async clear(because: string): Promise<void> {
    await Promise.all([...this.#guests].map((guest) => this.#dismiss(guest, because)));
  }

  #full(address: Ipv4): { readonly among: readonly Guest[]; readonly because: string } | undefined {
    const all = [...this.#guests];
    const own = all.filter((guest) => guest.peer.address === address);
    if (own.length >= this.#limits.each) return { among: own, because: `${own.length} transfers for one address` };
    return all.length >= this.#limits.all ? { among: all, because: `${all.length} transfers at one time` } : undefined;
  }

  /** The oldest that never answered goes: it may be forged, and real clients answer within milliseconds. */
  #makeRoom(among: readonly Guest[]): boolean {
    const silent = among.find(({ session }) => session && !session.proven);
    if (silent) this.#dismiss(silent, "others needed its place");
    return silent !== undefined;
  }

  #dismiss(guest: Guest, because: string): Promise<void> | undefined {
    this.leave(guest);
    return guest.session?.stop(because);
  }
}

/** One port asks for one file at a time; some boot ROMs start over from the same port. */
function answers({ peer, file, session }: Guest, asked: Guest): boolean {
  if (peer.port !== asked.peer.port || peer.address !== asked.peer.address) return false;
  return session === undefined || (file === asked.file && !session.stalled);
}
