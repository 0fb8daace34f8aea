/** Who asks: neighbours are answered without limit, strangers only so often, because their addresses may be forged. */
import type { Ipv4 } from "../../cluster/address.ts";

/** Answers a second to one network of strangers; as many at once after a pause. */
const RATE = 50;
/** Of what is beyond it every second answer goes out empty and truncated: a real client comes back over TCP. */
const SLIP = 2;
/** Networks remembered; the longest not heard of is forgotten. */
const NETWORKS = 10_000;
/** Neighbours remembered. */
const NEIGHBOURS = 8192;
/** Questions of one client that may wait for upstream servers. */
const WAITING = 100;

interface Bucket {
  left: number;
  at: number;
  over: number;
}

export class Clients {
  #isOurs: (address: Ipv4) => boolean;
  readonly #known = new Map<Ipv4, boolean>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #waiting = new Map<Ipv4, number>();

  constructor(isOurs: (address: Ipv4) => boolean) {
    this.#isOurs = isOurs;
  }

  /** The subnets have changed. */
  change(isOurs: (address: Ipv4) => boolean): void {
    this.#isOurs = isOurs;
    this.#known.clear();
  }

  isOurs(address: Ipv4): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    if (this.#known.size >= NEIGHBOURS) this.#known.clear();
    const ours = this.#isOurs(address);
    this.#known.set(address, ours);
    return ours;
  }

  /** What a stranger's question over UDP gets. `now`: milliseconds. */
  allowance(address: Ipv4, now: number): "answer" | "truncated" | "silence" {
    const network = address.slice(0, address.lastIndexOf("."));
    const bucket = this.#buckets.get(network) ?? { left: RATE, at: now, over: 0 };
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket); // the last in a Map is the youngest
    if (this.#buckets.size > NETWORKS) this.#buckets.delete(this.#buckets.keys().next().value!);
    bucket.left = Math.min(RATE, bucket.left + ((now - bucket.at) * RATE) / 1000);
    bucket.at = now;
    if (bucket.left >= 1) {
      bucket.left -= 1;
      return "answer";
    }
    bucket.over += 1;
    return bucket.over % SLIP === 0 ? "truncated" : "silence";
  }

  /** Whether the client may have one more question waiting; then `leave` must follow. */
  enter(address: Ipv4): boolean {
    const waiting = this.#waiting.get(address) ?? 0;
    if (waiting >= WAITING) return false;
    this.#waiting.set(address, waiting + 1);
    return true;
  }

  leave(address: Ipv4): void {
    const waiting = (this.#waiting.get(address) ?? 1) - 1;
    if (waiting > 0) this.#waiting.set(address, waiting);
    else this.#waiting.delete(address);
  }
}
