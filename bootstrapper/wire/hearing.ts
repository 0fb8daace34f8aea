/** Many short datagrams heard in one system call and read where they lie: recvmmsg(2). */
import { type Kernel, MSG_DONTWAIT } from "./kernel.ts";

/** Datagrams in one call. */
const MOST = 128;
/** Bytes; the rest of a longer datagram is dropped. */
const SLOT = 640;
const NAME = 16; // struct sockaddr_in
const HEADER = 64; // struct mmsghdr

/** What was heard last; each call of `hear` overwrites it. */
export class Hearing {
  readonly #kernel: Kernel;
  readonly #bytes = Buffer.alloc(MOST * SLOT);
  readonly #names = Buffer.alloc(MOST * NAME);
  readonly #headers = Buffer.alloc(MOST * HEADER);
  readonly #vectors = Buffer.alloc(MOST * 16);

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const [bytes, names, vectors] = [this.#bytes, this.#names, this.#vectors].map((buffer) => kernel.addressOf(buffer)) as [
      bigint,
      bigint,
      bigint,
    ];
    for (let slot = 0; slot < MOST; slot++) {
      this.#vectors.writeBigUInt64LE(bytes + BigInt(slot * SLOT), slot * 16);
      this.#vectors.writeUInt32LE(SLOT, slot * 16 + 8);
      this.#headers.writeBigUInt64LE(names + BigInt(slot * NAME), slot * HEADER);
      this.#headers.writeUInt32LE(NAME, slot * HEADER + 8);
      this.#headers.writeBigUInt64LE(vectors + BigInt(slot * 16), slot * HEADER + 16);
      this.#headers.writeUInt32LE(1, slot * HEADER + 24);
    }
  }

  /** How many came; 0 when nothing waits. */
  hear(fd: number): number {
    return Math.max(0, this.#kernel.recvmmsg(fd, this.#headers, MOST, MSG_DONTWAIT, null));
  }

  /** Where it lies, until the next call. */
  bytes(slot: number): Buffer {
    return this.#bytes.subarray(slot * SLOT, slot * SLOT + Math.min(SLOT, this.#length(slot)));
  }

  /** Its first four bytes as one number; 0 when it has not so many. */
  head(slot: number): number {
    return this.#length(slot) < 4 ? 0 : this.#bytes.readUInt32BE(slot * SLOT);
  }

  /** As a signed number, which needs no object of its own. */
  address(slot: number): number {
    return this.#names.readInt32BE(slot * NAME + 4);
  }

  port(slot: number): number {
    return this.#names.readUInt16BE(slot * NAME + 2);
  }

  #length(slot: number): number {
    return this.#headers.readUInt32LE(slot * HEADER + 56);
  }
}
