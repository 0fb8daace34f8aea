/** One UDP socket that speaks as thousands of hosts: datagrams come and go in batches, each with the host it is for or from. */
import * as sys from "../../bootstrapper/wire/kernel.ts";

/** Datagrams in one call. */
const MOST = 64;
/** Bytes: more than any Ethernet frame carries. */
export const ROOM = 2048;
const NAME = 16; // struct sockaddr_in
const VECTOR = 16; // struct iovec
const HEADER = 64; // struct mmsghdr
const CONTROL = 32; // struct cmsghdr with a struct in_pktinfo, ip(7)
const SOL_IP = 0;
const IP_PKTINFO = 8;
const SO_RCVTIMEO = 20;
const MSG_WAITFORONE = 0x10000;

export interface CrowdOptions {
  /** Every host speaks from this port. */
  readonly port: number;
  /** Broadcasts leave and come here. */
  readonly device: string;
  /** Milliseconds that `hear` waits at most when nothing comes. */
  readonly patience: number;
}

/** Where a datagram lies: `bytes` are overwritten by the next call of `hear`. */
export interface Heard {
  readonly bytes: Buffer;
  at: number;
  length: number;
  /** Whom it is for: an address as a number. */
  host: number;
  /** Who sent it. */
  from: number;
  port: number;
}

export class Crowd {
  readonly #kernel: sys.Kernel;
  readonly #fd: number;
  readonly #in: Slots;
  readonly #out: Slots;
  #waiting = 0;
  /** Datagrams that the kernel did not take. */
  unsent = 0;
  readonly #heard: Heard;

  /** Needs Linux and root. */
  constructor({ port, device, patience }: CrowdOptions) {
    if (!sys.kernel) throw new Error("the load is made by system calls of Linux on x64 or arm64 with glibc; run the bench there");
    const kernel = sys.kernel;
    const fd = kernel.socket(sys.AF_INET, sys.SOCK_DGRAM | sys.SOCK_CLOEXEC, 0);
    const wait = Buffer.alloc(16);
    wait.writeBigInt64LE(BigInt(patience * 1000), 8); // struct timeval
    const options: [number, number, Buffer][] = [
      [sys.SOL_SOCKET, sys.SO_REUSEADDR, sys.int(1)],
      [sys.SOL_SOCKET, sys.SO_BROADCAST, sys.int(1)],
      [sys.SOL_SOCKET, sys.SO_BINDTODEVICE, Buffer.from(`${device}\0`)],
      [sys.SOL_SOCKET, sys.SO_RCVBUFFORCE, sys.int(64 << 20)],
      [sys.SOL_SOCKET, SO_RCVTIMEO, wait],
      [SOL_IP, IP_PKTINFO, sys.int(1)],
    ];
    const failed = (what: string): Error => new Error(`the load's socket: ${what} failed with ${kernel.failure()}; run as root`);
    for (const [level, name, value] of options) {
      if (kernel.setsockopt(fd, level, name, value, value.length) < 0) throw failed(`setsockopt ${name}`);
    }
    const here = sys.socketAddress(0, port);
    if (kernel.bind(fd, here, here.length) < 0) throw failed(`bind to port ${port}`);
    this.#kernel = kernel;
    this.#fd = fd;
    this.#in = new Slots(kernel);
    this.#out = new Slots(kernel);
    this.#heard = { bytes: this.#in.bytes, at: 0, length: 0, host: 0, from: 0, port: 0 };
  }

  /** Waits until something comes, or for as long as its patience, and hands on all that is there; what was said in the meantime leaves. */
  hear(take: (datagram: Heard) => void): number {
    this.flush();
    const slots = this.#in;
    const count = this.#kernel.recvmmsg(this.#fd, slots.headers, MOST, MSG_WAITFORONE, null);
    if (count <= 0) return 0;
    const heard = this.#heard;
    for (let slot = 0; slot < count; slot++) {
      heard.at = slot * ROOM;
      heard.length = slots.headers.readUInt32LE(slot * HEADER + 56);
      heard.host = slots.controls.readUInt32BE(slot * CONTROL + 24);
      heard.port = slots.names.readUInt16BE(slot * NAME + 2);
      heard.from = slots.names.readUInt32BE(slot * NAME + 4);
      take(heard);
    }
    this.flush();
    return count;
  }

  /** Room for a datagram that leaves with the next batch; write it to `bytes` from the answered place on. */
  say(length: number, host: number, to: number, port: number): number {
    if (this.#waiting === MOST) this.flush();
    const slot = this.#waiting++;
    const { vectors, controls, names } = this.#out;
    vectors.writeUInt32LE(length, slot * VECTOR + 8);
    controls.writeUInt32BE(host, slot * CONTROL + 20);
    names.writeUInt16BE(port, slot * NAME + 2);
    names.writeUInt32BE(to, slot * NAME + 4);
    return slot * ROOM;
  }

  /** What was said last is only so long. */
  shorten(length: number): void {
    this.#out.vectors.writeUInt32LE(length, (this.#waiting - 1) * VECTOR + 8);
  }

  get bytes(): Buffer {
    return this.#out.bytes;
  }

  flush(): void {
    for (let slot = 0; slot < this.#waiting; ) {
      const sent = this.#kernel.sendmmsg(this.#fd, this.#out.headers.subarray(slot * HEADER), this.#waiting - slot, 0);
      if (sent < 0) this.unsent += 1;
      slot += Math.max(1, sent);
    }
    this.#waiting = 0;
  }

  close(): void {
    this.#kernel.close(this.#fd);
  }
}

/** struct mmsghdr[MOST] with all that it points to; the kernel writes back the same lengths that are in it already. */
class Slots {
  readonly headers = Buffer.from(new ArrayBuffer(MOST * HEADER));
  readonly bytes = Buffer.from(new ArrayBuffer(MOST * ROOM));
  readonly names = Buffer.from(new ArrayBuffer(MOST * NAME));
  readonly vectors = Buffer.from(new ArrayBuffer(MOST * VECTOR));
  readonly controls = Buffer.from(new ArrayBuffer(MOST * CONTROL));

  constructor({ addressOf }: Pick<sys.Kernel, "addressOf">) {
    const [bytes, names, vectors, controls] = [this.bytes, this.names, this.vectors, this.controls].map(addressOf) as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    for (let slot = 0; slot < MOST; slot++) {
      this.vectors.writeBigUInt64LE(bytes + BigInt(slot * ROOM), slot * VECTOR);
      this.vectors.writeUInt32LE(ROOM, slot * VECTOR + 8);
      this.names.writeUInt16LE(sys.AF_INET, slot * NAME);
      this.controls.writeUInt32LE(28, slot * CONTROL);
      this.controls.writeUInt32LE(SOL_IP, slot * CONTROL + 8);
      this.controls.writeUInt32LE(IP_PKTINFO, slot * CONTROL + 12);
      const at = slot * HEADER;
      this.headers.writeBigUInt64LE(names + BigInt(slot * NAME), at);
      this.headers.writeUInt32LE(NAME, at + 8);
      this.headers.writeBigUInt64LE(vectors + BigInt(slot * VECTOR), at + 16);
      this.headers.writeBigUInt64LE(1n, at + 24);
      this.headers.writeBigUInt64LE(controls + BigInt(slot * CONTROL), at + 32);
      this.headers.writeBigUInt64LE(BigInt(CONTROL), at + 40);
    }
  }
}
