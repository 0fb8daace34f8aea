/** Which upstream server is asked next: the quickest of those that answer; one that fell silent is spared for a while. */
import type { UdpPeer } from "../../wire/udp.ts";

export interface Health {
  readonly peer: UdpPeer;
  /** Milliseconds an answer takes, smoothed as RFC 6298 §2 does it; undefined until there was one. */
  usual?: number;
  /** What it is ranked by: `usual`, less for each answer that others gave since. */
  seems?: number;
  /** Times in a row that it was silent. */
  silent: number;
  /** Milliseconds; it is asked last until then. */
  sparedUntil: number;
  /** It does not repeat letters as they were asked. */
  mangles: boolean;
}

/** A server is spared after so many silences, twice as long each time. */
const SILENCES = 2;
const [SPARED, SPARED_LONGEST] = [2000, 60_000];
/** A server that has not been asked lately seems a little quicker each time, so that it gets another chance. */
const FORGETTING = 0.98;
/** Milliseconds of patience at least: less would ask again for nothing. */
const SHORTEST = 150;

export class Servers {
  readonly #all = new Map<string, Health>();

  /** In the order in which they should be asked now. */
  inOrder(peers: readonly UdpPeer[], now: number): readonly Health[] {
    const all = peers.map((peer) => this.#of(peer));
    const known = all.flatMap(({ seems = [] }) => seems);
    // One that never answered a question counts as quick as the quickest, once each of its silences is paid for.
    const rank = (one: Health): number => (one.seems ?? Math.min(...known, 0)) + one.silent * 1000;
    return [...all].sort((a, b) => Number(a.sparedUntil > now) - Number(b.sparedUntil > now) || rank(a) - rank(b));
  }

  answered(server: Health, took: number): void {
    server.usual = server.usual === undefined ? took : server.usual + (took - server.usual) / 8;
    server.seems = server.usual;
    server.silent = 0;
    server.sparedUntil = 0;
    for (const other of this.#all.values()) if (other !== server && other.seems !== undefined) other.seems *= FORGETTING;
  }

  wasSilent(server: Health, now: number): void {
    server.silent += 1;
    if (server.silent >= SILENCES) server.sparedUntil = now + Math.min(SPARED_LONGEST, SPARED * 2 ** (server.silent - SILENCES));
  }

  /** Milliseconds to wait for it: a multiple of what it usually takes, `most` at most. */
  patience(server: Health, most: number): number {
    return server.usual === undefined || server.silent > 0 ? most : Math.min(most, Math.max(SHORTEST, 4 * server.usual));
  }

  all(): Iterable<Health> {
    return this.#all.values();
  }

  #of(peer: UdpPeer): Health {
    const key = `${peer.address}:${peer.port}`;
    const known = this.#all.get(key) ?? { peer, silent: 0, sparedUntil: 0, mangles: false };
    this.#all.set(key, known);
    return known;
  }
}
