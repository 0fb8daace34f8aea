/** One file on its way to one client, as data. RFC 1350 §2, §4, §6; OACK: RFC 2347; windows: RFC 7440 §4. */
import type { Agreement, Terms } from "./negotiate.ts";

/** What does not change while a file is sent. */
export interface Course extends Terms {
  /** All blocks, the short last one included: a file that fills its blocks ends with an empty one (RFC 1350 §6). */
  readonly blocks: number;
}

/** Blocks are counted from 1 without end; on the wire they wrap at 65536. */
export type Transfer =
  /** Our OACK is out. */
  | { readonly state: "negotiating"; readonly tries: number }
  /** Blocks `acked + 1` to `sent` are out. */
  | {
      readonly state: "sending";
      readonly acked: number;
      readonly sent: number;
      readonly tries: number;
      /** Milliseconds from a window to its ACK, smoothed; absent until one was measured. */
      readonly roundTrip?: number;
      /** The client has acknowledged something: its address is not forged. */
      readonly proven: boolean;
      /** A repeated ACK has already made us send this window again. */
      readonly repeated: boolean;
    }
  | { readonly state: "done" }
  /** The client ended it before the first block: it only asked for the size, or wants other options (OVMF does both). */
  | { readonly state: "declined"; readonly because: string }
  | { readonly state: "failed"; readonly because: string };

export type Input =
  /** `after`: milliseconds since we sent last. */
  | { readonly got: "ack"; readonly block: number; readonly after: number }
  | { readonly got: "error"; readonly code: number; readonly message: string }
  | { readonly got: "silence" };

export const MAX_TRIES = 6;
/** Whoever has not answered yet may be a forged address: it gets little. */
export const MAX_TRIES_UNPROVEN = 3;

export const plan = (size: number, terms: Terms): Course => ({ ...terms, blocks: Math.floor(size / terms.blockSize) + 1 });

/** With options the OACK goes first; without, block 1 is the whole answer (RFC 2347). */
export const begin = ({ accepted }: Agreement): Transfer =>
  accepted.size > 0
    ? { state: "negotiating", tries: 1 }
    : { state: "sending", acked: 0, sent: 1, tries: 1, proven: false, repeated: false };

/** The next state. The caller sends what that state has out when, and only when, it is a new object. */
export function step(now: Transfer, input: Input, course: Course): Transfer {
  if (now.state !== "negotiating" && now.state !== "sending") return now;
  switch (input.got) {
    case "error": {
      const because = `the client said: error ${input.code} ${input.message}`.trim();
      return { state: now.state === "negotiating" ? "declined" : "failed", because };
    }
    case "silence":
      return waited(now, course);
    case "ack":
      return now.state === "negotiating" ? agreed(now, input, course) : acknowledged(now, input, course);
  }
}

/** Milliseconds to wait for an answer: what the client chose, or a few round trips, doubled with every try. */
export function patience(now: Transfer, { timeout }: Course): number {
  if (now.state !== "negotiating" && now.state !== "sending") return 0;
  const { proven = false, roundTrip } = now.state === "sending" ? now : {};
  if (timeout !== undefined) return proven ? timeout : Math.min(timeout, 4000); // a forged address may not hold its place for minutes
  const first = roundTrip === undefined ? 1000 : Math.min(2000, Math.max(300, 4 * roundTrip));
  return Math.min(8000, first * 2 ** (now.tries - 1));
}

function waited(now: Extract<Transfer, { tries: number }>, { blocks }: Course): Transfer {
  const proven = now.state === "sending" && now.proven;
  if (now.tries < (proven ? MAX_TRIES : MAX_TRIES_UNPROVEN)) return { ...now, tries: now.tries + 1 };
  const tries = `after ${now.tries} tries`;
  if (!proven) return { state: "failed", because: `it never answered our first packet ${tries}: a firewall, a VLAN, or a forged address` };
  return now.state === "sending" && now.sent === blocks
    ? { state: "failed", because: `the last block was not acknowledged ${tries}; the client may have it all` }
    : { state: "failed", because: `no ACK ${tries}` };
}

/** RFC 2347: the client acknowledges an OACK as block 0. */
function agreed(now: Transfer & { state: "negotiating" }, { block, after }: Input & { got: "ack" }, course: Course): Transfer {
  return block === 0 ? advance(0, now.tries === 1 ? after : undefined, course) : now;
}

function acknowledged(now: Transfer & { state: "sending" }, { block, after }: Input & { got: "ack" }, course: Course): Transfer {
  const further = (block - now.acked) & 0xffff;
  if (now.acked + further > now.sent) return now; // an ACK of long ago
  if (further > 0) {
    const fresh = now.tries === 1 && !now.repeated; // after a second sending nobody knows which one was answered (Karn)
    const roundTrip = fresh ? smoothed(now.roundTrip, after) : now.roundTrip;
    return now.acked + further === course.blocks ? { state: "done" } : advance(now.acked + further, roundTrip, course);
  }
  // In lockstep a repeated ACK is a stray copy: answering it breeds Sorcerer's Apprentices (RFC 1123 §4.2.3.1). In a window
  // it means that the window's first block was lost (RFC 7440 §4); it counts once, then the timer alone sends again.
  return course.windowSize === 1 || now.repeated ? now : { ...now, repeated: true };
}

function advance(acked: number, roundTrip: number | undefined, { windowSize, blocks }: Course): Transfer {
  const sent = Math.min(acked + windowSize, blocks);
  return { state: "sending", acked, sent, tries: 1, proven: true, repeated: false, ...(roundTrip !== undefined && { roundTrip }) };
}

const smoothed = (before: number | undefined, now: number): number => (before === undefined ? now : before + (now - before) / 8);
