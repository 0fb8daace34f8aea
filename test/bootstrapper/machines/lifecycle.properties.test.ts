import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newcomer, nextBoot, overdue, transition } from "../../../bootstrapper/machines/lifecycle.ts";
import { type MachineEvent, type MachineState, PHASES, type Standing } from "../../../bootstrapper/machines/machine.ts";
import { mac } from "../../../cluster/address.ts";

const MAC = mac("52:54:00:00:00:11");
const POLICY = { window: 100, attempts: 3 };
const OPERATOR = ["assign", "grant", "reinstall", "retire"];

interface Step {
  readonly before: MachineState;
  readonly event: MachineEvent;
  readonly after: MachineState;
  readonly accepted: boolean;
  readonly now: number;
  readonly standing: Standing;
}

const hash = fc.constantFrom("a", "b", "c");
const event: fc.Arbitrary<MachineEvent> = fc.oneof(
  { arbitrary: fc.boolean().map((booting) => ({ type: "seen" as const, booting })), weight: 2 },
  { arbitrary: fc.constant({ type: "boot-script-served" as const }), weight: 4 },
  { arbitrary: hash.map((tokenHash) => ({ type: "token-issued" as const, tokenHash })), weight: 4 },
  { arbitrary: hash.map((reportTokenHash) => ({ type: "secrets-released" as const, reportTokenHash })), weight: 4 },
  {
    arbitrary: fc
      .oneof(
        fc.constantFrom("sda", "sdb").map((disk) => ({ phase: "installing" as const, disk })),
        fc.constantFrom("installed", "configuring", "ready").map((phase) => ({ phase })),
        fc.constant({ phase: "failed" as const, reason: "no disk" }),
      )
      .map((report) => ({ type: "reported", report }) as MachineEvent),
    weight: 8,
  },
  { arbitrary: fc.constantFrom("assign", "grant", "reinstall", "retire").map((type) => ({ type }) as MachineEvent), weight: 2 },
);
const moment = fc.record({
  event,
  /** Seconds since the event before. */
  later: fc.oneof({ arbitrary: fc.nat(10), weight: 9 }, { arbitrary: fc.nat(500), weight: 1 }),
  standing: fc.oneof<fc.WeightedArbitrary<Standing>[]>(
    { arbitrary: fc.constant("listed"), weight: 20 },
    { arbitrary: fc.constant("unlisted"), weight: 1 },
    { arbitrary: fc.constant("pooled"), weight: 1 },
  ),
});
/** What a machine says when all goes well, up to some point: without it, few random lives come far. */
const COURSE: readonly MachineEvent[] = [
  { type: "seen", booting: true },
  { type: "boot-script-served" },
  { type: "token-issued", tokenHash: "a" },
  { type: "reported", report: { phase: "installing", disk: "sda" } },
  { type: "secrets-released", reportTokenHash: "b" },
  { type: "reported", report: { phase: "installed" } },
  { type: "reported", report: { phase: "configuring" } },
  { type: "reported", report: { phase: "ready" } },
];
const course = fc
  .integer({ min: 1, max: COURSE.length })
  .map((length) => COURSE.slice(0, length).map((event) => ({ event, later: 1, standing: "listed" as const })));
const stretch = fc.oneof({ arbitrary: moment.map((one) => [one]), weight: 5 }, { arbitrary: course, weight: 1 });
const history: fc.Arbitrary<readonly Step[]> = fc.array(stretch, { minLength: 1, maxLength: 30, size: "max" }).map((stretches) => {
  const moments = stretches.flat();
  let now = 1_000_000;
  let state = newcomer(MAC, moments[0]!.standing, now);
  return moments.map(({ event, later, standing }) => {
    now += later * 1000;
    const before = state;
    const next = transition(before, event, { now, policy: POLICY, standing });
    if (next.ok) state = next.state;
    return { before, event, after: state, accepted: next.ok, now, standing };
  });
});
const always = (holds: (steps: readonly Step[]) => void): void => {
  fc.assert(fc.property(history, holds), { numRuns: 300 });
};

describe("whatever happens, in whatever order", () => {
  test("every kind of life is lived by these histories", () => {
    const seen = new Set(fc.sample(history, { numRuns: 1000, seed: 1 }).flatMap((steps) => steps.map(({ after }) => after.phase)));
    expect(PHASES.filter((phase) => !seen.has(phase))).toEqual([]);
  });

  test("secrets leave at most once in a grant, and only inside it", () => {
    always((steps) => {
      const grants: number[] = [];
      let opened = 0;
      let tokenIsOfThisAttempt = false;
      for (const { event, before, after, accepted, now } of steps) {
        if (accepted && after.grant && after.grant.attempt === 1 && event.type === "boot-script-served") opened += 1;
        if (accepted && event.type === "boot-script-served") tokenIsOfThisAttempt = false;
        if (accepted && event.type === "token-issued") tokenIsOfThisAttempt = true;
        if (!accepted || event.type !== "secrets-released") continue;
        expect(before.grant?.releasedAt).toBeUndefined();
        expect(tokenIsOfThisAttempt).toBe(true);
        expect(now).toBeLessThan(before.grant!.expiresAt);
        grants.push(opened);
      }
      expect(new Set(grants).size).toBe(grants.length);
    });
  });

  test("a token leaves at most once in an attempt", () => {
    always((steps) => {
      const attempts: number[] = [];
      let attempt = 0;
      for (const { event, accepted } of steps) {
        if (!accepted) continue;
        if (event.type === "boot-script-served") attempt += 1;
        if (event.type === "token-issued") attempts.push(attempt);
      }
      expect(new Set(attempts).size).toBe(attempts.length);
    });
  });

  test("what was installed is never installed again without the operator", () => {
    always((steps) => {
      let installed = false;
      for (const { event, after, accepted, now, standing } of steps) {
        if (accepted && OPERATOR.includes(event.type)) installed = false;
        if (accepted && event.type === "reported" && ["installed", "configuring", "ready"].includes(event.report.phase)) installed = true;
        if (installed) expect(nextBoot(after, standing, now, POLICY).do).not.toBe("install");
      }
    });
  });

  test("what is not listed is never installed, nor given a secret", () => {
    always((steps) => {
      for (const { event, after, accepted, now, standing } of steps.filter((step) => step.standing === "unlisted")) {
        expect(nextBoot(after, standing, now, POLICY).do).not.toBe("install");
        expect(
          accepted && ["boot-script-served", "token-issued", "secrets-released"].includes(event.type) && after.phase !== "failed",
        ).toBe(false);
      }
    });
  });

  test("an install is offered only while attempts are left, and an attempt is counted for each that was served", () => {
    always((steps) => {
      for (const { after } of steps) expect(after.grant?.attempt ?? 1).toBeLessThanOrEqual(POLICY.attempts);
    });
  });

  test("only the operator lets a disk be overwritten that we did not begin to write", () => {
    always((steps) => {
      let allowed = false;
      for (const { event, after, accepted } of steps) {
        if (accepted && OPERATOR.includes(event.type)) allowed = event.type === "reinstall";
        if (after.grant?.mayWipe) expect(allowed).toBe(true);
      }
    });
  });

  test("a disk is ours only from the report that it is being written until it belongs to the node", () => {
    always((steps) => {
      let writing = new Set<string>();
      for (const { event, after, accepted } of steps) {
        if (accepted && event.type === "reported" && event.report.phase === "installing") writing.add(event.report.disk);
        if (["installed", "configuring", "ready", "retired"].includes(after.phase)) writing = new Set();
        expect(after.disks.every((disk) => writing.has(disk))).toBe(true);
      }
    });
  });

  test("the machine is still itself, and says why it is where it is", () => {
    always((steps) => {
      for (const { before, after, accepted, now, standing } of steps) {
        expect(after.mac).toBe(MAC);
        expect(PHASES).toContain(after.phase);
        expect(after.because).not.toBe("");
        expect(nextBoot(after, standing, now, POLICY).because).not.toBe("");
        expect(after.since).toBeLessThanOrEqual(now);
        if (!accepted) expect(after).toBe(before);
      }
    });
  });

  test("time alone ends a grant and nothing else", () => {
    always((steps) => {
      for (const { after, now } of steps) {
        const later = overdue(after, { now });
        if (later) expect(later).toMatchObject({ phase: "failed", disks: after.disks });
        else if (after.phase === "booting") expect(now).toBeLessThan(after.grant!.expiresAt);
      }
    });
  });

  test("the operator can always bring a listed machine to install again", () => {
    always((steps) => {
      const { after, now } = steps.at(-1)!;
      const context = { now, policy: POLICY, standing: "listed" as const };
      const back =
        after.phase === "retired" ? transition(after, { type: "assign" }, context) : transition(after, { type: "reinstall" }, context);
      expect(back.ok && nextBoot(back.state, "listed", now, POLICY).do).toBe("install");
    });
  });
});
