/** One transfer while it runs: whose it is, what is sent, and how far it is. The lane that carries it moves it on. */
import { type Ipv4, type Mac, toNumber } from "../../cluster/address.ts";
import type { UdpPeer } from "../wire/udp.ts";
import type { Content } from "./content.ts";
import type { Agreement } from "./negotiate.ts";
import type { Outcome } from "./report.ts";
import { begin, type Course, plan, type Transfer } from "./transfer.ts";

export interface Session {
  readonly peer: UdpPeer;
  /** The peer's address as a signed number. */
  readonly address: number;
  readonly mac: Mac | undefined;
  readonly content: Content;
  readonly agreement: Agreement;
  readonly course: Course;
  readonly hooks: SessionHooks;
  transfer: Transfer;
  /** Milliseconds of the lane's clock: when we sent last, and when the client has been silent for too long. */
  sentAt: number;
  deadline: number;
  /** Milliseconds: when the page was last told how far it is. */
  toldAt: number;
  /** Highest block that ever left; what is below it and leaves again is a repeat. */
  highest: number;
  repeats: number;
}

export interface SessionHooks {
  /** The client has answered: its address is not forged. */
  onProven(): void;
  /** Now and then: bytes the client has acknowledged. */
  onProgress(acked: number): void;
  /** Once, when the transfer is over. */
  onEnd(outcome: Outcome): void;
}

export function makeSession(peer: UdpPeer, mac: Mac | undefined, content: Content, agreement: Agreement, hooks: SessionHooks): Session {
  return {
    peer,
    address: toNumber(peer.address as Ipv4) | 0,
    mac,
    content,
    agreement,
    course: plan(content.size, agreement.terms),
    hooks,
    transfer: begin(agreement),
    sentAt: 0,
    deadline: Number.POSITIVE_INFINITY,
    toldAt: Number.NEGATIVE_INFINITY,
    highest: -1,
    repeats: 0,
  };
}

/** It had answered, and now we send again without an answer: it may have started over. */
export const isStalled = ({ transfer }: Session): boolean => transfer.state === "sending" && transfer.proven && transfer.tries > 1;

/** Notes that these blocks leave. */
export function countSent(session: Session, first: number, last: number): void {
  session.repeats += Math.max(0, Math.min(last, session.highest) - first + 1);
  session.highest = Math.max(session.highest, last);
}

/** Bytes of the file that blocks `first` to `last` carry: from, and up to. */
export const spanStart = ({ course }: Session, first: number): number => (first - 1) * course.blockSize;
export const spanEnd = ({ course, content }: Session, last: number): number => Math.min(last * course.blockSize, content.size);
