/** One transfer's own socket and timer (its TID, RFC 1350 §4), driven by the state machine in transfer.ts. */
import type { Ipv4 } from "../../cluster/address.ts";
import { openUdp, type UdpPeer, type UdpSocket } from "../wire/udp.ts";
import type { Content } from "./files.ts";
import type { Agreement } from "./negotiate.ts";
import { decode, ERRORS, encode, type Packet } from "./packet.ts";
import type { Outcome } from "./report.ts";
import { begin, type Course, type Input, patience, plan, step, type Transfer } from "./transfer.ts";

export interface SessionOptions {
  /** Our address: replies must leave from the one the client asked. */
  readonly address: Ipv4;
  readonly peer: UdpPeer;
  readonly content: Content;
  readonly agreement: Agreement;
  readonly now: () => number;
  /** After each window: bytes the client has acknowledged. */
  onProgress(sent: number): void;
  /** Once, when the transfer is over and the socket is free again. */
  onEnd(outcome: Outcome): void;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #course: Course;
  #socket: UdpSocket | undefined;
  #transfer: Transfer;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;
  /** Highest block that ever left; what is below it and leaves again is a repeat. */
  #highest = -1;
  #repeats = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#course = plan(options.content.size, options.agreement.terms);
    this.#transfer = begin(options.agreement);
  }

  /** Sends the first packet if the session is still `wanted` once it has a socket, and says whether it was. Rejects when there is no socket to be had. */
  async start(wanted: () => boolean): Promise<boolean> {
    const { address, content } = this.#options;
    try {
      const socket = await openUdp({ address, port: 0 }, (bytes, from) => this.#receive(bytes, from));
      if (!wanted()) {
        content.close();
        await socket.close();
        return false;
      }
      this.#socket = socket;
    } catch (error) {
      content.close();
      throw error;
    }
    void this.#send(this.#transfer);
    return true;
  }

  /** The client has answered at least once: its address is real. */
  get proven(): boolean {
    return this.#transfer.state === "sending" && this.#transfer.proven;
  }

  /** It had answered, and now we send again without an answer. */
  get stalled(): boolean {
    return this.#transfer.state === "sending" && this.#transfer.proven && this.#transfer.tries > 1;
  }

  /** Resolves when the socket is free. */
  async stop(because: string): Promise<void> {
    await this.#end({ state: "stopped", because });
  }

  #receive(bytes: Uint8Array, from: UdpPeer): void {
    const { peer, now } = this.#options;
    const packet = decode(bytes);
    if (from.address !== peer.address || from.port !== peer.port) {
      // RFC 1350 §4: tell the stranger, go on with the transfer. An error is never answered with an error.
      if (packet.op !== "error") this.#tell(from, { op: "error", code: ERRORS.unknownTransfer, message: "this transfer is not yours" });
      return;
    }
    if (packet.op === "ack") this.#take({ got: "ack", block: packet.block, after: now() - this.#sentAt });
    if (packet.op === "error") this.#take({ got: "error", code: packet.code, message: packet.message });
  }

  #take(input: Input): void {
    const next = step(this.#transfer, input, this.#course);
    if (next === this.#transfer) return;
    this.#transfer = next;
    void this.#send(next);
  }

  /** Sends what this state has out and waits for the answer. Ends the session when the file cannot be read. */
  async #send(transfer: Transfer): Promise<void> {
    clearTimeout(this.#timer); // a slow disk is not a silent client
    if (transfer.state === "negotiating") {
      this.#tell(this.#options.peer, { op: "oack", options: this.#options.agreement.accepted });
      this.#count(0, 0);
    } else if (transfer.state === "sending") {
      const from = transfer.acked * this.#course.blockSize;
      this.#options.onProgress(from);
      const length = Math.min(transfer.sent * this.#course.blockSize, this.#options.content.size) - from;
      try {
        const read = this.#options.content.read(from, length);
        const bytes = read instanceof Uint8Array ? read : await read;
        if (transfer !== this.#transfer) return; // an ACK came while the disk was read
        this.#sendBlocks(transfer.acked + 1, transfer.sent, bytes);
      } catch (error) {
        this.#tell(this.#options.peer, { op: "error", code: ERRORS.other, message: "the file cannot be read" });
        return this.#end({ state: "failed", because: (error as Error).message });
      }
    } else {
      return this.#end({ state: transfer.state, because: transfer.state === "done" ? "" : transfer.because });
    }
    this.#sentAt = this.#options.now();
    this.#timer = setTimeout(() => this.#take({ got: "silence" }), patience(transfer, this.#course));
  }

  #sendBlocks(first: number, last: number, bytes: Uint8Array): void {
    const { blockSize } = this.#course;
    for (let block = first; block <= last; block++) {
      const at = (block - first) * blockSize;
      this.#tell(this.#options.peer, { op: "data", block: block & 0xffff, data: bytes.subarray(at, at + blockSize) });
    }
    this.#count(first, last);
  }

  #count(first: number, last: number): void {
    this.#repeats += Math.max(0, Math.min(last, this.#highest) - first + 1);
    this.#highest = Math.max(this.#highest, last);
  }

  /** Whether it left is the timer's business: what is lost on our side is sent again like what is lost on the way. */
  #tell(to: UdpPeer, packet: Packet): void {
    void this.#socket?.send(encode(packet), to);
  }

  async #end({ state, because }: Pick<Outcome, "state" | "because">): Promise<void> {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#transfer = { state: "done" };
    this.#options.content.close();
    await socket.close();
    this.#options.onEnd({ state, because, blocks: this.#course.blocks, repeats: this.#repeats });
  }
}
