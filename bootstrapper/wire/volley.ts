/** Many datagrams in one system call, their bytes taken from where they lie: sendmmsg(2), and UDP_SEGMENT (udp(7)) for several to one peer. */
import type { Kernel } from "./kernel.ts";
import { AF_INET, MSG_DONTWAIT } from "./kernel.ts";

/** Bytes that stay where they are, with their address in halves, as structures are written. */
export interface Lump {
  readonly bytes: Uint8Array;
  readonly low: number;
  readonly high: number;
}

/** What came of a message that the kernel did not take, by the `tag` it was given. */
export interface Unsent<Tag> {
  readonly tag: Tag;
  /** There was no room, or it could not be cut: worth another try. Otherwise the kernel's word for why not. */
  readonly again: boolean;
  readonly code: string;
}

const MESSAGES = 128;
const DATAGRAMS = 2048;
/** A datagram is its head and at most two runs of bytes. */
const VECTORS = DATAGRAMS * 3;
/** <linux/udp.h>: UDP_MAX_SEGMENTS; and what one IP packet could hold, since the kernel treats them as one until the last moment. */
const SEGMENTS = 64;
const SEGMENTED = 65_000;

const HEADER = 64; // struct mmsghdr
const CONTROL = 24; // struct cmsghdr with a uint16, padded
const CONTROL_LENGTH = 18; // CMSG_LEN(sizeof(uint16))
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/** Where `bytes` lie. They must not be moved or freed while anything points to them: keep the lump. */
export function lump(kernel: Pick<Kernel, "addressOf"> | undefined, bytes: Uint8Array): Lump {
  if (!kernel || bytes.length === 0) return { bytes, low: 0, high: 0 };
  const at = kernel.addressOf(bytes);
  return { bytes, low: Number(at & 0xffff_ffffn), high: Number(at >> 32n) };
}

/** Filled with `aim`, `datagram` and `run`, sent with `fire`. Holds on to what it points to until then. */
export class Volley<Tag> {
  readonly #kernel: Kernel;
  /** Structures as 32-bit words, little-endian as both of our processors are. */
  readonly #headers = new Uint32Array((MESSAGES * HEADER) / 4);
  readonly #headerBytes = new Uint8Array(this.#headers.buffer);
  readonly #vectors = new Uint32Array(VECTORS * 4);
  readonly #vectorsAt: Lump;
  readonly #heads = new Uint32Array(DATAGRAMS);
  readonly #headsAt: Lump;
  readonly #names = new Int32Array(MESSAGES * 4);
  readonly #controls = new Uint32Array((MESSAGES * CONTROL) / 4);
  readonly #controlsAt: Lump;
  readonly #tags: Tag[] = [];
  readonly #held: Uint8Array[] = [];
  #messages = 0;
  #datagrams = 0;
  #vector = 0;
  #size = 0;
  /** Datagrams and bytes of the message that is being filled. */
  #inMessage = 0;
  #bytes = 0;
  #aimedAt: { readonly address: number; readonly port: number; readonly tag: Tag } | undefined;
  /** Until a network card or a kernel turns out not to do it. */
  #segments: boolean;

  constructor(kernel: Kernel, segments = true) {
    this.#kernel = kernel;
    this.#segments = segments;
    const at = (words: Uint32Array | Int32Array): Lump => lump(kernel, new Uint8Array(words.buffer));
    this.#vectorsAt = at(this.#vectors);
    this.#headsAt = at(this.#heads);
    this.#controlsAt = at(this.#controls);
    const names = at(this.#names);
    for (let each = 0; each < MESSAGES; each++) {
      this.#write64(this.#headers, each * 16, names, each * 16);
      this.#headers[each * 16 + 2] = 16;
      this.#controls.set([CONTROL_LENGTH, 0, SOL_UDP, UDP_SEGMENT], each * 6);
    }
  }

  get empty(): boolean {
    return this.#messages === 0;
  }

  /** Whether this many more datagrams go in before it must be fired. */
  hasRoom(datagrams: number): boolean {
    return this.#datagrams + datagrams <= DATAGRAMS && this.#messages + datagrams <= MESSAGES;
  }

  /** The datagrams that follow go there; each has `size` bytes, but for the last. */
  aim(address: number, port: number, size: number, tag: Tag): void {
    this.#aimedAt = { address, port, tag };
    this.#size = size;
    this.#inMessage = 0;
  }

  /** Begins a datagram with its first four bytes. */
  datagram(head: number): void {
    if (this.#inMessage === 0 || !this.#segments || this.#inMessage === SEGMENTS || this.#bytes + this.#size > SEGMENTED) this.#begin();
    else if (this.#inMessage === 1) this.#cut();
    this.#inMessage += 1;
    this.#bytes += this.#size;
    this.#heads[this.#datagrams] = swapped(head);
    this.#vectorTo(this.#headsAt, this.#datagrams * 4, 4);
    this.#datagrams += 1;
  }

  /** Continues it with bytes of `from`. */
  run(from: Lump, offset: number, length: number): void {
    if (this.#held[this.#held.length - 1] !== from.bytes) this.#held.push(from.bytes);
    this.#vectorTo(from, offset, length);
  }

  /** Sends all there is. */
  fire(fd: number): readonly Unsent<Tag>[] {
    const unsent: Unsent<Tag>[] = [];
    for (let at = 0; at < this.#messages; ) {
      const sent = this.#kernel.sendmmsg(fd, this.#headerBytes.subarray(at * HEADER), this.#messages - at, MSG_DONTWAIT);
      if (sent > 0) at += sent;
      else unsent.push(this.#refused(at++)); // a failure is the first one's
    }
    this.#messages = 0;
    this.#datagrams = 0;
    this.#vector = 0;
    this.#tags.length = 0;
    this.#held.length = 0;
    this.#inMessage = 0;
    return unsent;
  }

  #refused(message: number): Unsent<Tag> {
    const code = this.#kernel.failure();
    const cannotCut = (code === "EIO" || code === "EINVAL") && this.#headers[message * 16 + 10] !== 0;
    if (cannotCut) this.#segments = false;
    return { tag: this.#tags[message]!, code, again: cannotCut || code === "EAGAIN" || code === "ENOBUFS" };
  }

  #begin(): void {
    const { address, port, tag } = this.#aimedAt!;
    const message = this.#messages++;
    this.#tags.push(tag);
    this.#names[message * 4] = AF_INET | ((((port & 255) << 8) | (port >> 8)) << 16);
    this.#names[message * 4 + 1] = swapped(address);
    this.#write64(this.#headers, message * 16 + 4, this.#vectorsAt, this.#vector * 16);
    this.#headers[message * 16 + 6] = 0; // vectors
    this.#headers[message * 16 + 8] = 0; // no control
    this.#headers[message * 16 + 9] = 0;
    this.#headers[message * 16 + 10] = 0;
    this.#inMessage = 0;
    this.#bytes = 0;
  }

  /** The message has more than one datagram: the kernel is to cut it. */
  #cut(): void {
    const message = this.#messages - 1;
    this.#controls[message * 6 + 4] = this.#size;
    this.#write64(this.#headers, message * 16 + 8, this.#controlsAt, message * CONTROL);
    this.#headers[message * 16 + 10] = CONTROL;
  }

  #vectorTo(from: Lump, offset: number, length: number): void {
    const at = this.#vector++ * 4;
    this.#write64(this.#vectors, at, from, offset);
    this.#vectors[at + 2] = length;
    this.#vectors[at + 3] = 0;
    this.#headers[(this.#messages - 1) * 16 + 6]! += 1;
  }

  #write64(words: Uint32Array, at: number, { low, high }: Lump, offset: number): void {
    const sum = low + offset;
    words[at] = sum; // modulo 2^32
    words[at + 1] = high + (sum >= 0x1_0000_0000 ? 1 : 0);
  }
}

/** Between the network's order of bytes and ours. */
const swapped = (word: number): number => ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
