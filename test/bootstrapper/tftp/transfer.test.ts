import fc from "fast-check";
import { expect, test } from "vitest";
import { negotiate } from "../../../bootstrapper/tftp/negotiate.ts";
import {
  begin,
  type Input,
  MAX_TRIES,
  MAX_TRIES_UNPROVEN,
  type Pace,
  patience,
  plan,
  type Sending,
  step,
  type Transfer,
} from "../../../bootstrapper/tftp/transfer.ts";

const lockstep = plan(1000, { blockSize: 512, windowSize: 1 });
const windowed = plan(512 * 10, { blockSize: 512, windowSize: 4 });
const endless = plan(100 * 1024 * 1024, { blockSize: 512, windowSize: 4 });

const ack = (block: number, after = 5): Input => ({ got: "ack", block, after });
const silence: Input = { got: "silence" };
const sending = (fields: Partial<Sending> = {}): Sending => ({
  state: "sending",
  acked: 0,
  sent: 1,
  tries: 1,
  pace: undefined,
  proven: true,
  repeated: false,
  ...fields,
});
const negotiating: Transfer = { state: "negotiating", tries: 1 };

test("begins with the OACK when options were accepted, else with block 1", () => {
  const offer = { size: 1000, mtu: 1500 };
  expect(begin(negotiate(new Map([["tsize", "0"]]), offer))).toEqual(negotiating);
  expect(begin(negotiate(new Map(), offer))).toMatchObject({ state: "sending", acked: 0, sent: 1, proven: false });
});

test.each([
  { size: 0, blocks: 1 },
  { size: 511, blocks: 1 },
  { size: 512, blocks: 2 },
  { size: 1024, blocks: 3 },
])("a file of $size bytes has $blocks blocks of 512, the last one short", ({ size, blocks }) => {
  expect(plan(size, { blockSize: 512, windowSize: 1 }).blocks).toBe(blocks);
});

// biome-ignore format: a table
test.each<{ when: string; course: typeof lockstep; from: Transfer; input: Input; becomes: Partial<Sending> | { state: string } }>([
  { when: "the OACK is acknowledged",              course: lockstep, from: negotiating, input: ack(0), becomes: { state: "sending", acked: 0, sent: 1, proven: true } },
  { when: "the OACK of windows is acknowledged",   course: windowed, from: negotiating, input: ack(0), becomes: { state: "sending", acked: 0, sent: 4 } },
  { when: "block 1 is acknowledged",               course: lockstep, from: sending(),   input: ack(1), becomes: { state: "sending", acked: 1, sent: 2, proven: true } },
  { when: "the last block is acknowledged",        course: lockstep, from: sending({ acked: 1, sent: 2 }), input: ack(2), becomes: { state: "done" } },
  { when: "a whole window is acknowledged",        course: windowed, from: sending({ acked: 0, sent: 4 }), input: ack(4), becomes: { acked: 4, sent: 8, tries: 1 } },
  { when: "a window has a gap after its 2nd block", course: windowed, from: sending({ acked: 0, sent: 4 }), input: ack(2), becomes: { acked: 2, sent: 6, repeated: true } },
  { when: "a window lost its first block",         course: windowed, from: sending({ acked: 4, sent: 8 }), input: ack(4), becomes: { acked: 4, sent: 8, repeated: true } },
  { when: "the window at the end is shorter",      course: windowed, from: sending({ acked: 4, sent: 8 }), input: ack(8), becomes: { acked: 8, sent: 11 } },
  { when: "the last window is acknowledged",       course: windowed, from: sending({ acked: 8, sent: 11 }), input: ack(11), becomes: { state: "done" } },
  { when: "block numbers wrap",                    course: endless,  from: sending({ acked: 65532, sent: 65536 }), input: ack(0), becomes: { acked: 65536, sent: 65540 } },
  { when: "a window straddles the wrap with a gap", course: endless, from: sending({ acked: 65534, sent: 65538 }), input: ack(1), becomes: { acked: 65537, sent: 65541 } },
  { when: "the client is silent",                  course: lockstep, from: sending(), input: silence, becomes: { acked: 0, sent: 1, tries: 2 } },
  { when: "the client gives up",                   course: lockstep, from: sending(), input: { got: "error", code: 3, message: "disk full" }, becomes: { state: "failed", because: "the client said: error 3 disk full" } as never },
  { when: "it only asked for the size",            course: lockstep, from: negotiating, input: { got: "error", code: 8, message: "" }, becomes: { state: "declined", because: "the client said: error 8" } as never },
])("moves on when $when", ({ course, from, input, becomes }) => {
  expect(step(from, input, course)).toMatchObject(becomes);
});

// biome-ignore format: a table
test.each<{ when: string; course: typeof lockstep; from: Transfer; input: Input }>([
  { when: "an ACK is repeated in lockstep (Sorcerer's Apprentice)", course: lockstep, from: sending({ acked: 1, sent: 2 }), input: ack(1) },
  { when: "an ACK is repeated twice in a window",  course: windowed, from: sending({ acked: 4, sent: 8, repeated: true }), input: ack(4) },
  { when: "each datagram behind a gap brings the ACK again", course: windowed, from: sending({ acked: 2, sent: 6, repeated: true }), input: ack(2) },
  { when: "an ACK is of long ago",                 course: windowed, from: sending({ acked: 8, sent: 11 }), input: ack(3) },
  { when: "an ACK is of a block not yet sent",     course: windowed, from: sending({ acked: 0, sent: 4 }), input: ack(5) },
  { when: "an ACK of long ago looks like the future", course: endless, from: sending({ acked: 65540, sent: 65544 }), input: ack(65530) },
  { when: "the OACK is answered with another block", course: lockstep, from: negotiating, input: ack(1) },
  { when: "it is over",                            course: lockstep, from: { state: "done" }, input: silence },
])("sends nothing when $when", ({ course, from, input }) => {
  expect(step(from, input, course)).toBe(from);
});

const afterSilence = (from: Transfer, times: number): Transfer =>
  Array.from({ length: times }).reduce<Transfer>((now) => step(now, silence, lockstep), from);

test("gives up on a silent client, and sooner on one that never answered", () => {
  expect(afterSilence(sending(), MAX_TRIES - 1)).toMatchObject({ state: "sending", tries: MAX_TRIES });
  expect(afterSilence(sending(), MAX_TRIES)).toMatchObject({ state: "failed", because: expect.stringContaining("no ACK after 6 tries") });
  expect(afterSilence(sending({ acked: 1, sent: 2 }), MAX_TRIES)).toMatchObject({ because: expect.stringContaining("may have it all") });
  expect(afterSilence(negotiating, MAX_TRIES_UNPROVEN)).toMatchObject({ state: "failed", because: expect.stringContaining("firewall") });
  expect(afterSilence(sending({ proven: false }), MAX_TRIES_UNPROVEN)).toMatchObject({ state: "failed" });
});

const pace = (roundTrip: number, varies: number): Pace => ({ roundTrip, varies });

test("waits longer with every try, by the round trips it measured or as the client asked", () => {
  expect([1, 2, 3].map((tries) => patience(sending({ tries }), lockstep))).toEqual([1000, 2000, 4000]);
  expect(patience(sending({ pace: pace(1, 0.2) }), lockstep)).toBe(200);
  expect(patience(sending({ pace: pace(300, 1) }), lockstep)).toBe(325);
  expect(patience(sending({ pace: pace(300, 100) }), lockstep)).toBe(700);
  expect(patience(sending({ pace: pace(60_000, 0), tries: 6 }), lockstep)).toBe(8000);
  expect(patience(sending({ tries: 4 }), { ...lockstep, timeout: 30_000 })).toBe(30_000);
  expect(patience(negotiating, { ...lockstep, timeout: 255_000 })).toBe(4000);
});

test("the round trip is learnt as RFC 6298 has it, and only from what was sent once (Karn)", () => {
  expect(step(sending(), ack(1, 40), lockstep)).toMatchObject({ pace: pace(40, 20) });
  expect(step(sending({ pace: pace(40, 20) }), ack(1, 80), lockstep)).toMatchObject({ pace: pace(45, 25) });
  expect(step(sending({ pace: pace(40, 20), tries: 2 }), ack(1, 2000), lockstep)).toMatchObject({ pace: { guessed: true } });
  expect(step(sending({ sent: 4, repeated: true }), ack(4, 2000), windowed)).toMatchObject({ pace: undefined });
});

/** Blocks that are sent twice to a client that acknowledges each so many milliseconds after it was sent first. */
function sentTwice(delay: number, blocks = 200): number {
  const course = plan(512 * blocks, lockstep);
  let now: Transfer = sending({ pace: pace(1, 0.2) });
  let repeats = 0;
  for (let block = 1; block < blocks; block += 1) {
    let since = 0; // the last sending
    for (let wait = patience(now, course); since + wait < delay; wait = patience(now, course)) {
      since += wait;
      now = step(now, silence, course);
      repeats += 1;
    }
    now = step(now, ack(block, delay - since), course);
  }
  return repeats;
}

test("a client that is slower than we wait is sent a few blocks twice, and then no more", () => {
  expect(sentTwice(1)).toBe(0);
  expect(sentTwice(250)).toBeLessThanOrEqual(2);
  expect(sentTwice(1500)).toBeLessThanOrEqual(8);
});

test("one lost block costs one wait: the next round trip that is measured is believed alone", () => {
  const lost = step(step(sending({ pace: pace(1, 0.2) }), silence, windowed), ack(1, 1), windowed);
  expect(patience(lost, windowed)).toBe(400);
  expect(patience(step(lost, ack(2, 1), windowed), windowed)).toBe(200);
});

test("whatever arrives, it never goes back, keeps its window, and answers no ACK twice", () => {
  const inputs = fc.array(
    fc.oneof(
      fc.nat({ max: 14 }).map((block) => ack(block)),
      fc.constant(silence),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(inputs, fc.constantFrom(1, 2, 4), (events, windowSize) => {
      const course = plan(512 * 10, { blockSize: 512, windowSize });
      let now: Transfer = sending({ sent: windowSize });
      const answered = new Map<number, number>();
      for (const input of events) {
        const next = step(now, input, course);
        if (now.state === "sending" && next.state === "sending") {
          expect(next.acked).toBeGreaterThanOrEqual(now.acked);
          expect(next.sent - next.acked).toBeLessThanOrEqual(windowSize);
          if (next !== now && input.got === "ack") answered.set(next.acked, (answered.get(next.acked) ?? 0) + 1);
        }
        now = next;
      }
      // Once for reaching the block, and in a window once more for its repetition.
      for (const times of answered.values()) expect(times).toBeLessThanOrEqual(windowSize === 1 ? 1 : 2);
    }),
  );
});
