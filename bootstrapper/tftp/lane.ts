/** A socket that carries many transfers at once. Its port is our TID for all of them, and the peer's address and port tell them apart (RFC 1350 §4). */
import type { Ipv4 } from "../../cluster/address.ts";
import { openUdp, type UdpPeer, type UdpSocket } from "../wire/udp.ts";
import { missing } from "./content.ts";
import { type Outbox, outboxOf } from "./outbox.ts";
import { ackedBlock, decode, ERRORS, encode } from "./packet.ts";
import type { Outcome } from "./report.ts";
import { countSent, type Session, spanEnd, spanStart } from "./session.ts";
import { acknowledged, patience, step, type Transfer } from "./transfer.ts";

/** Milliseconds for which the last packets of a transfer that is over are still expected, and are not another's. */
const QUIET = 3000;
/** Transfers that are over and remembered for that. */
const REMEMBERED = 4096;
/** Milliseconds between two words to the page. */
const PROGRESS_EVERY = 250;
/** Milliseconds after which a window is tried again that the kernel had no room for. */
const SOON = 2;
/** Bytes: the ACKs of a thousand machines. */
const RECEIVE_BUFFER = 4 << 20;

export class Lane {
  readonly #now: () => number;
  #socket!: UdpSocket;
  #outbox!: Outbox;
  readonly #peers = new Map<Ipv4, Map<number, Session>>();
  readonly #over = new Map<string, number>(); // until when; the oldest first

  private constructor(now: () => number) {
    this.#now = now;
  }

  /** On a port of the kernel's choice. Throws UdpError when there is none. */
  static async open(address: Ipv4, now: () => number, onTrouble: (error: Error) => void): Promise<Lane> {
    const lane = new Lane(now);
    lane.#socket = await openUdp({ address, port: 0, receiveBuffer: RECEIVE_BUFFER, onTrouble }, (bytes, from) =>
      lane.#receive(bytes, from),
    );
    lane.#outbox = outboxOf(lane.#socket, (session) => lane.#again(session));
    return lane;
  }

  /** Whether this peer has something running here. */
  isBusyWith({ address, port }: UdpPeer): boolean {
    return this.#peers.get(address)?.has(port) ?? false;
  }

  /** Whether something of this peer's that is over may still be on its way to us. */
  isQuietAfter({ address, port }: UdpPeer): boolean {
    return (this.#over.get(`${address} ${port}`) ?? 0) > this.#now();
  }

  /** Sends its first packet. */
  carry(session: Session): void {
    const { address, port } = session.peer;
    const ports = this.#peers.get(address) ?? new Map<number, Session>();
    this.#peers.set(address, ports.set(port, session));
    this.#send(session);
  }

  /** Ends it without a word to the client. */
  stop(session: Session, because: string): void {
    this.#end(session, "stopped", because);
  }

  /** Sends again where the client has been silent for too long. */
  sweep(): void {
    const now = this.#now();
    for (const ports of this.#peers.values()) {
      for (const session of ports.values()) {
        if (session.deadline <= now) this.#take(session, step(session.transfer, { got: "silence" }, session.course));
      }
    }
    for (const [peer, until] of this.#over) {
      if (until > now) break;
      this.#over.delete(peer);
    }
    this.#outbox.flush();
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  #receive(bytes: Uint8Array, from: UdpPeer): void {
    const session = this.#peers.get(from.address)?.get(from.port);
    if (!session) {
      this.#turnAway(bytes, from);
      return;
    }
    const block = ackedBlock(bytes);
    if (block !== undefined) {
      this.#take(session, acknowledged(session.transfer, block, this.#now() - session.sentAt, session.course));
      return;
    }
    const packet = decode(bytes);
    if (packet.op === "error") this.#take(session, step(session.transfer, { got: "error", ...packet }, session.course));
  }

  /** RFC 1350 §4: tell the stranger, go on with the transfer. An error is never answered with an error, nor what a transfer left behind. */
  #turnAway(bytes: Uint8Array, from: UdpPeer): void {
    if (decode(bytes).op === "error" || this.isQuietAfter(from)) return;
    this.#socket.post(encode({ op: "error", code: ERRORS.unknownTransfer, message: "not your transfer" }), from);
  }

  #take(session: Session, next: Transfer): void {
    const before = session.transfer;
    if (next === before) return;
    session.transfer = next;
    if (next.state === "sending" && next.proven && !(before.state === "sending" && before.proven)) session.hooks.onProven();
    this.#send(session);
  }

  /** Sends what its state has out, and waits for the answer from now on. */
  #send(session: Session): void {
    const { transfer, course } = session;
    const now = this.#now();
    if (transfer.state === "negotiating") {
      this.#socket.post(encode({ op: "oack", options: session.agreement.accepted }), session.peer);
      countSent(session, 0, 0);
    } else if (transfer.state === "sending") {
      const first = transfer.acked + 1;
      const absent = missing(session.content, spanStart(session, first), spanEnd(session, transfer.sent));
      if (absent !== undefined) {
        void this.#fetch(session, absent);
        return;
      }
      this.#outbox.put(session, first, transfer.sent);
      countSent(session, first, transfer.sent);
      if (session.mac !== undefined && now - session.toldAt >= PROGRESS_EVERY) {
        session.toldAt = now;
        session.hooks.onProgress(spanStart(session, first));
      }
    } else {
      this.#end(session, transfer.state, transfer.state === "done" ? "" : transfer.because);
      return;
    }
    session.sentAt = now;
    session.deadline = now + patience(transfer, course);
  }

  /** A slow disk is not a silent client: nobody's patience runs meanwhile. */
  async #fetch(session: Session, offset: number): Promise<void> {
    const { transfer } = session;
    session.deadline = Number.POSITIVE_INFINITY;
    try {
      await session.content.load(offset);
      if (session.transfer === transfer) this.#send(session); // else an ACK or an error came while it was read
    } catch (error) {
      if (session.transfer.state === "done") return;
      const because = (error as Error).message;
      this.#socket.post(encode({ op: "error", code: ERRORS.other, message: "the file cannot be read" }), session.peer);
      this.#end(session, "failed", because);
    }
  }

  /** The kernel had no room for what this session has out. */
  #again(session: Session): void {
    const { transfer } = session;
    setTimeout(() => {
      if (session.transfer === transfer && transfer.state === "sending") this.#outbox.put(session, transfer.acked + 1, transfer.sent);
    }, SOON);
  }

  #end(session: Session, state: Outcome["state"], because: string): void {
    const { address, port } = session.peer;
    const ports = this.#peers.get(address);
    if (ports?.get(port) !== session) return;
    ports.delete(port);
    if (ports.size === 0) this.#peers.delete(address);
    this.#over.set(`${address} ${port}`, this.#now() + QUIET);
    if (this.#over.size > REMEMBERED) this.#over.delete(this.#over.keys().next().value!);
    session.transfer = { state: "done" };
    session.content.close();
    session.hooks.onEnd({ state, because, blocks: session.course.blocks, repeats: session.repeats });
  }
}
