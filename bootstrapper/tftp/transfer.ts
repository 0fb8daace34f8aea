/** One file on its way to one client, as data. RFC 1350 §2, §4, §6; OACK: RFC 2347; windows: RFC 7440 §4; patience: RFC 6298. */
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
  | Sending
  | { readonly state: "done" }
  /** The client ended it before the first block: it only asked for the size, or wants other options (OVMF does both). */
  | { readonly state: "declined"; readonly because: string }
  | { readonly state: "failed"; readonly because: string };

/** Blocks `acked + 1` to `sent` are out. */
export interface Sending {
  readonly state: "sending";
  readonly acked: number;
  readonly sent: number;
  readonly tries: number;
  /** Undefined until a round trip was measured. */
  readonly pace: Pace | undefined;
  /** The client has acknowledged something: its address is not forged. */
  readonly proven: boolean;
  /** What is out has been sent before, so that an ACK of its beginning is no news. */
  readonly repeated: boolean;
}

/** Milliseconds from a window to its ACK: smoothed, and how much they vary (SRTT and RTTVAR of RFC 6298). */
export interface Pace {
  readonly roundTrip: number;
  readonly varies: number;
  /** Not measured: what we waited for in vain, to be forgotten for the next that is. */
  readonly guessed?: true;
}

export type Input =
  /** `after`: milliseconds since we sent last. */
  | { readonly got: "ack"; readonly block: number; readonly after: number }
  | { readonly got: "error"; readonly code: number; readonly message: string }
  | { readonly got: "silence" };

export const MAX_TRIES = 6;
/** Whoever has not answered yet may be a forged address: it gets little. */
export const MAX_TRIES_UNPROVEN = 3;
/** Milliseconds. RFC 6298 §2.4 asks for a second at least, which is a long wait on the wire of a rack. */
const LEAST_PATIENCE = 200;
const MOST_PATIENCE = 8000;
/** Milliseconds between two looks at who has waited long enough. */
export const COARSENESS = 25;

export const plan = (size: number, terms: Terms): Course => ({ ...terms, blocks: Math.floor(size / terms.blockSize) + 1 });

/** With options the OACK goes first; without, block 1 is the whole answer (RFC 2347). */
export const begin = ({ accepted }: Agreement): Transfer =>
  accepted.size > 0 ? { state: "negotiating", tries: 1 } : sending(0, 1, undefined, false, false);

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
      return acknowledged(now, input.block, input.after, course);
  }
}

/** `step` for the one input that comes a hundred thousand times a second. */
export function acknowledged(now: Transfer, block: number, after: number, course: Course): Transfer {
  if (now.state === "negotiating") return agreed(now, block, after, course);
  if (now.state !== "sending") return now;
  const further = (block - now.acked) & 0xffff;
  const reached = now.acked + further;
  if (reached > now.sent) return now; // an ACK of long ago
  if (further > 0) {
    if (reached === course.blocks) return { state: "done" };
    const fresh = now.tries === 1 && !now.repeated; // after a second sending nobody knows which one was answered (Karn)
    // Behind a gap (RFC 7440 §4) the rest of the window is on its way already, and each of its datagrams may bring this ACK again.
    return advance(reached, fresh ? paced(now.pace, after) : unmeasured(now, course), reached < now.sent, course);
  }
  // In lockstep a repeated ACK is a stray copy: answering it breeds Sorcerer's Apprentices (RFC 1123 §4.2.3.1). In a window
  // it means that the window's first block was lost (RFC 7440 §4); it counts once, then the timer alone sends again.
  return course.windowSize === 1 || now.repeated ? now : { ...now, repeated: true };
}

/** Milliseconds to wait for an answer: what the client chose, or what its round trips call for, doubled with every try (RFC 6298 §2, §5.5). */
export function patience(now: Transfer, { timeout }: Course): number {
  if (now.state !== "negotiating" && now.state !== "sending") return 0;
  const [proven, pace] = now.state === "sending" ? [now.proven, now.pace] : [false, undefined];
  if (timeout !== undefined) return proven ? timeout : Math.min(timeout, 4000); // a forged address may not hold its place for minutes
  const first = pace === undefined ? 1000 : Math.max(LEAST_PATIENCE, pace.roundTrip + Math.max(COARSENESS, 4 * pace.varies));
  return Math.min(MOST_PATIENCE, first * 2 ** (now.tries - 1));
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
function agreed(now: Transfer & { state: "negotiating" }, block: number, after: number, course: Course): Transfer {
  return block === 0 ? advance(0, now.tries === 1 ? paced(undefined, after) : undefined, false, course) : now;
}

const advance = (acked: number, pace: Pace | undefined, repeated: boolean, { windowSize, blocks }: Course): Sending =>
  sending(acked, Math.min(acked + windowSize, blocks), pace, true, repeated);

const sending = (acked: number, sent: number, pace: Pace | undefined, proven: boolean, repeated: boolean): Sending => ({
  state: "sending",
  acked,
  sent,
  tries: 1,
  pace,
  proven,
  repeated,
});

/**
 * The client is slower than we thought, or something was lost. The doubled patience stays until a round trip is measured (RFC 6298 §5.7):
 * otherwise a slow client would be sent every block twice, and no round trip could ever be measured.
 */
function unmeasured(now: Sending, course: Course): Pace | undefined {
  if (now.tries === 1) return now.pace;
  const waited = patience(now, course);
  return { roundTrip: waited / 2, varies: waited / 8, guessed: true };
}

/** RFC 6298 §2.2, §2.3. */
function paced(before: Pace | undefined, now: number): Pace {
  if (before === undefined || before.guessed) return { roundTrip: now, varies: now / 2 };
  const { roundTrip, varies } = before;
  return { varies: varies + (Math.abs(roundTrip - now) - varies) / 4, roundTrip: roundTrip + (now - roundTrip) / 8 };
}
