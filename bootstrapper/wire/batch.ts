/** Room for many datagrams on their way in one system call: recvmmsg(2), sendmmsg(2). One thread, so one for all sockets. */
import type { Kernel } from "./kernel.ts";

/** Datagrams in one call. */
export const MOST = 64;
/** Bytes: the largest payload that UDP over IPv4 can carry. */
export const LARGEST = 65_507;

/** A little more than a datagram, so that the slots' beginnings do not compete for the same lines of the cache. */
const SLOT = 65_536 + 1088;
const NAME = 16; // struct sockaddr_in
const IOVEC = 16; // struct iovec
const HEADER = 64; // struct mmsghdr: a msghdr of 56 bytes, its length, padding
const FLAGS_AT = 48;
const LENGTH_AT = 56;

/** struct mmsghdr[MOST] with all that it points to. */
export class Batch {
  readonly headers = Buffer.alloc(MOST * HEADER);
  readonly #bytes = Buffer.from(new ArrayBuffer(MOST * SLOT)); // only what is used is ever backed by memory
  readonly #names = Buffer.alloc(MOST * NAME);
  readonly #vectors = Buffer.alloc(MOST * IOVEC);

  constructor(kernel: Pick<Kernel, "addressOf">) {
    const [bytes, names, vectors] = [this.#bytes, this.#names, this.#vectors].map((buffer) => kernel.addressOf(buffer)) as [
      bigint,
      bigint,
      bigint,
    ];
    for (let slot = 0; slot < MOST; slot++) {
      this.#vectors.writeBigUInt64LE(bytes + BigInt(slot * SLOT), slot * IOVEC);
      this.headers.writeBigUInt64LE(names + BigInt(slot * NAME), slot * HEADER);
      this.headers.writeBigUInt64LE(vectors + BigInt(slot * IOVEC), slot * HEADER + 16);
      this.headers.writeBigUInt64LE(1n, slot * HEADER + 24);
      this.#names.writeUInt16LE(2, slot * NAME); // AF_INET
      this.#empty(slot);
    }
  }

  /** Fills a slot that is to be sent. */
  put(slot: number, bytes: Uint8Array, address: number, port: number): void {
    this.#bytes.set(bytes, slot * SLOT);
    this.#vectors.writeUInt32LE(bytes.length, slot * IOVEC + 8);
    this.#names.writeUInt16BE(port, slot * NAME + 2);
    this.#names.writeUInt32BE(address, slot * NAME + 4);
  }

  /** What a slot holds, as a copy. */
  take(slot: number): Buffer {
    const at = slot * SLOT;
    return Buffer.from(this.#bytes.subarray(at, at + this.headers.readUInt32LE(slot * HEADER + LENGTH_AT)));
  }

  flags(slot: number): number {
    return this.headers.readUInt32LE(slot * HEADER + FLAGS_AT);
  }

  address(slot: number): number {
    return this.#names.readUInt32BE(slot * NAME + 4);
  }

  port(slot: number): number {
    return this.#names.readUInt16BE(slot * NAME + 2);
  }

  /** Makes the first `count` slots ready to receive again: the kernel has written lengths into them. */
  clear(count: number): void {
    for (let slot = 0; slot < count; slot++) this.#empty(slot);
  }

  #empty(slot: number): void {
    this.#vectors.writeUInt32LE(SLOT, slot * IOVEC + 8);
    this.headers.writeUInt32LE(NAME, slot * HEADER + 8);
  }
}
