/** A socket that carries many transfers at once. Its port is our TID for all of them, and the peer's address and port tell them apart (RFC 1350 §4). */
import { fromNumber, type Ipv4, toNumber } from "../../cluster/address.ts";
import { Hearing } from "../wire/hearing.ts";
import { kernel } from "../wire/kernel.ts";
import { openUdp, type UdpPeer, type UdpSocket } from "../wire/udp.ts";
import { missing } from "./content.ts";
import { type Outbox, outboxOf } from "./outbox.ts";
import { ackedBlock, decode, ERRORS, encode, type Packet } from "./packet.ts";
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
/** Milliseconds after which others get their turn, however much there is to hear. */
const TURN = 2;
/** Bytes: the ACKs of a thousand machines. */
const RECEIVE_BUFFER = 4 << 20;

export class Lane {
  readonly #now: () => number;
  /** A datagram that is no packet, or whose packet could not be dealt with. Nothing more is done about either. */
  readonly #onTrouble: (error: Error) => void;
  #socket!: UdpSocket;
  #outbox!: Outbox;
  /** By address, as a signed number, and by port. */
  readonly #peers = new Map<number, Map<number, Session>>();
  readonly #hearing = kernel && new Hearing(kernel);
  #due = false;
  readonly #over = new Map<string, number>(); // until when; the oldest first

  private constructor(now: () => number, onTrouble: (error: Error) => void) {
    this.#now = now;
    this.#onTrouble = onTrouble;
  }

  /** On a port of the kernel's choice. Throws UdpError when there is none. */
  static async open(address: Ipv4, now: () => number, onTrouble: (error: Error) => void): Promise<Lane> {
    const lane = new Lane(now, onTrouble);
    lane.#socket = await openUdp({ address, port: 0, receiveBuffer: RECEIVE_BUFFER, wakesOnly: true, onTrouble }, (bytes, from) => {
      lane.#receive(toNumber(from.address) | 0, from.port, headOf(bytes), () => bytes);
      lane.#flushSoon();
    });
    lane.#outbox = outboxOf(lane.#socket, (session) => lane.#again(session));
    return lane;
  }

  /** Whether this peer has something running here. */
  isBusyWith({ address, port }: UdpPeer): boolean {
    return this.#peers.get(toNumber(address) | 0)?.has(port) ?? false;
  }

  /** Whether something of this peer's that is over may still be on its way to us. */
  isQuietAfter({ address, port }: UdpPeer): boolean {
    return (this.#over.get(`${address} ${port}`) ?? 0) > this.#now();
  }

  /** Sends its first packet. */
  carry(session: Session): void {
    const ports = this.#peers.get(session.address) ?? new Map<number, Session>();
    this.#peers.set(session.address, ports.set(session.peer.port, session));
    this.#send(session);
    this.#flushSoon();
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
    this.#flushSoon();
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  /** What waits is heard at once while there is more: those who were just answered have answered again by then. */
  #flush(): void {
    this.#due = false;
    this.#outbox.flush();
    const fd = this.#socket.descriptor();
    const hearing = this.#hearing;
    if (!hearing || fd === undefined) return;
    const until = this.#now() + TURN;
    for (let count = hearing.hear(fd); count > 0; count = this.#now() < until ? hearing.hear(fd) : 0) {
      for (let slot = 0; slot < count; slot++) {
        try {
          this.#receive(hearing.address(slot), hearing.port(slot), hearing.head(slot), () => Buffer.from(hearing.bytes(slot)));
        } catch (error) {
          this.#onTrouble(error as Error);
        }
      }
      this.#outbox.flush();
    }
  }

  /** When everything that this wake-up brought has been heard. */
  #flushSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => this.#flush());
  }

  /** `head`: its first four bytes. The rest of an ACK is nothing to us. */
  #receive(address: number, port: number, head: number, bytes: () => Uint8Array): void {
    const session = this.#peers.get(address)?.get(port);
    const block = ackedBlock(head);
    if (session && block >= 0) {
      this.#take(session, acknowledged(session.transfer, block, this.#now() - session.sentAt, session.course));
      return;
    }
    const packet = decode(bytes());
    if (!session) this.#turnAway(packet, { address: fromNumber(address), port });
    else if (packet.op === "error") this.#take(session, step(session.transfer, { got: "error", ...packet }, session.course));
  }

  /** RFC 1350 §4: tell the stranger, go on with the transfer. An error is never answered with an error, nor what a transfer left behind. */
  #turnAway({ op }: Packet, from: UdpPeer): void {
    if (op === "error" || from.port === 0 || this.isQuietAfter(from)) return;
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
      if (session.transfer !== transfer) return; // an ACK or an error came while it was read
      this.#send(session);
      this.#flushSoon();
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
      if (session.transfer !== transfer || transfer.state !== "sending") return;
      this.#outbox.put(session, transfer.acked + 1, transfer.sent);
      this.#flushSoon();
    }, SOON);
  }

  #end(session: Session, state: Outcome["state"], because: string): void {
    const { address, port } = session.peer;
    const ports = this.#peers.get(session.address);
    if (ports?.get(port) !== session) return;
    ports.delete(port);
    if (ports.size === 0) this.#peers.delete(session.address);
    this.#over.set(`${address} ${port}`, this.#now() + QUIET);
    if (this.#over.size > REMEMBERED) this.#over.delete(this.#over.keys().next().value!);
    session.transfer = { state: "done" };
    session.content.close();
    session.hooks.onEnd({ state, because, blocks: session.course.blocks, repeats: session.repeats });
  }
}

/** As Hearing.head has it. */
const headOf = (bytes: Uint8Array): number => (bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
