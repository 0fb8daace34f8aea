import { describe, expect, test } from "vitest";
import { newcomer, nextBoot, overdue, transition } from "../../../bootstrapper/machines/lifecycle.ts";
import type { MachineEvent, MachineState, Standing } from "../../../bootstrapper/machines/machine.ts";
import { mac } from "../../../cluster/address.ts";

const MAC = mac("52:54:00:00:00:11");
const START = Date.UTC(2026, 10, 21, 8);
const POLICY = { window: 3600, attempts: 3 };

const BOOT: MachineEvent = { type: "boot-script-served" };
const TOKEN: MachineEvent = { type: "token-issued", tokenHash: "t" };
const RELEASE: MachineEvent = { type: "secrets-released", reportTokenHash: "r" };
const say = (phase: "installed" | "configuring" | "ready"): MachineEvent => ({ type: "reported", report: { phase } });
const WRITING: MachineEvent = { type: "reported", report: { phase: "installing", disk: "sda" } };
const FAILS: MachineEvent = { type: "reported", report: { phase: "failed", reason: "no disk" } };
const POWERED: MachineEvent = { type: "seen", booting: true };
const ASSIGN: MachineEvent = { type: "assign" };
const GRANT: MachineEvent = { type: "grant" };
const REINSTALL: MachineEvent = { type: "reinstall" };
const RETIRE: MachineEvent = { type: "retire" };
const TO_INSTALLED = [BOOT, TOKEN, WRITING, RELEASE, say("installed")];
const TO_READY = [...TO_INSTALLED, say("configuring"), say("ready")];

interface Life {
  readonly state: MachineState;
  /** Why the last event was refused. */
  readonly refused?: string;
}
/** One event a minute. */
function live(events: readonly MachineEvent[], standing: Standing = "listed", from: MachineState = newcomer(MAC, standing, START)): Life {
  return events.reduce<Life>(
    ({ state }, event, index) => {
      const next = transition(state, event, { now: START + index * 60_000, policy: POLICY, standing });
      return next.ok ? { state: next.state } : { state, refused: next.because };
    },
    { state: from },
  );
}
const boots = (state: MachineState | undefined, standing: Standing = "listed", now = START): string =>
  nextBoot(state, standing, now, POLICY).do;

describe("what happens in a machine's life", () => {
  test.each([
    { when: "it is listed and new", events: [], phase: "assigned", boot: "install" },
    { when: "it is told to install", events: [BOOT], phase: "booting", boot: "install" },
    { when: "it has its token", events: [BOOT, TOKEN], phase: "booting", boot: "install" },
    { when: "it writes its disk", events: [BOOT, TOKEN, WRITING], phase: "installing", boot: "install" },
    { when: "its power is cut while it writes", events: [BOOT, TOKEN, WRITING, POWERED, BOOT], phase: "booting", boot: "install" },
    { when: "its secrets left", events: [BOOT, TOKEN, WRITING, RELEASE], phase: "installing", boot: "nothing" },
    { when: "it is installed", events: TO_INSTALLED, phase: "installed", boot: "local" },
    { when: "it says so twice", events: [...TO_INSTALLED, say("installed")], phase: "installed", boot: "local" },
    { when: "it runs from its disk", events: [...TO_INSTALLED, say("configuring")], phase: "configuring", boot: "local" },
    { when: "it is ready", events: TO_READY, phase: "ready", boot: "local" },
    {
      when: "a ready machine is power-cycled",
      events: [...TO_READY, POWERED, say("configuring"), say("ready")],
      phase: "ready",
      boot: "local",
    },
    { when: "the node fails", events: [...TO_INSTALLED, FAILS], phase: "failed", boot: "local" },
    { when: "the node mends itself", events: [...TO_INSTALLED, FAILS, say("ready")], phase: "ready", boot: "local" },
    { when: "the installer fails", events: [BOOT, TOKEN, FAILS], phase: "failed", boot: "nothing" },
    { when: "it boots again after its installer failed", events: [BOOT, TOKEN, FAILS, POWERED], phase: "failed", boot: "nothing" },
    { when: "the operator grants it after that", events: [BOOT, TOKEN, FAILS, GRANT], phase: "granted", boot: "install" },
    { when: "it is ready and the operator wants it new", events: [...TO_READY, REINSTALL], phase: "reinstall", boot: "install" },
    { when: "it is retired", events: [...TO_READY, RETIRE], phase: "retired", boot: "nothing" },
    { when: "it is taken back", events: [...TO_READY, RETIRE, ASSIGN], phase: "assigned", boot: "install" },
  ] as const)("$when → $phase, boots $boot", ({ events, phase, boot }) => {
    const { state, refused } = live(events);
    expect(refused).toBeUndefined();
    expect({ phase: state.phase, boot: boots(state) }).toEqual({ phase, boot });
    expect(state.because).not.toBe("");
  });

  test.each([
    {
      when: "a second token is asked for in one attempt",
      events: [BOOT, TOKEN, TOKEN],
      because: "the token of attempt 1 was given already",
    },
    { when: "a token is asked for by a machine that was not told to install", events: [TOKEN], because: "no open grant: it is assigned" },
    { when: "secrets are asked for without a token", events: [BOOT, RELEASE], because: "no token of this attempt" },
    {
      when: "secrets are asked for with the token of the attempt before",
      events: [BOOT, TOKEN, BOOT, RELEASE],
      because: "no token of this attempt",
    },
    { when: "secrets are asked for twice", events: [BOOT, TOKEN, RELEASE, RELEASE], because: "were released at 2026-11-21T08:02:00Z" },
    { when: "secrets are asked for after the install", events: [...TO_INSTALLED, RELEASE], because: "no open grant: it is installed" },
    {
      when: "a machine that cannot be installed says so",
      events: [BOOT, TOKEN, WRITING, say("installed")],
      because: "its configuration has not left",
    },
    { when: "a machine that never installed says ready", events: [say("ready")], because: "cannot be ready: it is assigned" },
    {
      when: "an old node speaks while it is to be installed again",
      events: [...TO_READY, REINSTALL, BOOT, say("ready")],
      because: "cannot be ready: it is booting",
    },
    { when: "a running node is granted", events: [...TO_READY, GRANT], because: "say reinstall if its disk may be overwritten" },
    { when: "a ready node asks for an install script", events: [...TO_READY, BOOT], because: "it is installed: ready" },
    { when: "a retired machine is granted", events: [RETIRE, GRANT], because: "assign it first" },
  ])("refuses when $when", ({ events, because }) => {
    expect(live(events).refused).toContain(because);
  });

  test("its attempts are counted, and after the last it is failed until the operator grants it", () => {
    const tired = live([BOOT, BOOT, BOOT, POWERED, BOOT]);
    expect(tired.state).toMatchObject({ phase: "failed", because: expect.stringContaining("told to install 3 times") });
    expect(boots(tired.state)).toBe("nothing");
    expect(live([GRANT, BOOT], "listed", tired.state).state).toMatchObject({ phase: "booting", grant: { attempt: 1 } });
  });

  test("a boot after its secrets left fails it, and says when they left", () => {
    const { state } = live([BOOT, TOKEN, WRITING, RELEASE, POWERED]);
    const because = "its secrets were released at 2026-11-21T08:03:00Z but the install did not finish; grant it again";
    expect(state).toMatchObject({ phase: "failed", because });
    expect(nextBoot(state, "listed", START, POLICY)).toEqual({ do: "nothing", because: `it failed: ${because}` });
  });

  test("a node whose report of being installed was lost is believed when its disk speaks", () => {
    expect(live([BOOT, TOKEN, WRITING, RELEASE, POWERED, say("configuring")]).state).toMatchObject({ phase: "configuring", disks: [] });
  });

  test("a grant that runs out fails the machine, though it never came back", () => {
    const { state } = live([BOOT, TOKEN, WRITING]);
    const end = START + POLICY.window * 1000;
    expect(overdue(state, { now: end - 1 })).toBeUndefined();
    expect(overdue(state, { now: end })).toMatchObject({
      phase: "failed",
      because: expect.stringContaining("ended at 2026-11-21T09:00:00Z while it was installing"),
    });
    expect(boots(state, "listed", end)).toBe("nothing");
    expect(transition(state, RELEASE, { now: end, policy: POLICY, standing: "listed" })).toMatchObject({ ok: false });
  });
});

test.each([REINSTALL, RETIRE])("a node's token dies with the operator's word $type", (event) => {
  expect(live(TO_READY).state.reportTokenHash).toBe("r");
  expect(live([...TO_READY, event]).state.reportTokenHash).toBeUndefined();
});

describe("which disk may be overwritten", () => {
  test("after a power cut: the one it was writing", () => {
    expect(live([BOOT, TOKEN, WRITING, BOOT]).state).toMatchObject({ disks: ["sda"], grant: { mayWipe: false } });
  });

  test("after the install: none, for now it is the node's", () => {
    expect(live(TO_INSTALLED).state.disks).toEqual([]);
  });

  test("when the operator wants it installed again: any", () => {
    expect(live([...TO_READY, REINSTALL, BOOT]).state.grant?.mayWipe).toBe(true);
  });

  test("after the state folder was lost: none, so that install.sh leaves running nodes alone", () => {
    const { state } = live([BOOT]);
    expect(state).toMatchObject({ phase: "booting", disks: [], grant: { mayWipe: false } });
  });

  test("when a retired machine is taken back: none", () => {
    expect(live([BOOT, TOKEN, WRITING, RETIRE, ASSIGN, BOOT]).state).toMatchObject({ disks: [], grant: { mayWipe: false } });
  });
});

describe("a machine that is not listed", () => {
  test("is discovered, and shown who it is", () => {
    expect(newcomer(MAC, "unlisted", START).phase).toBe("discovered");
    expect(boots(undefined, "unlisted")).toBe("discover");
  });

  test.each([BOOT, TOKEN, RELEASE, ASSIGN, GRANT, REINSTALL])("is refused $type", (event) => {
    expect(live([event], "unlisted").refused).toContain("not in cluster-desc.yml");
  });

  test("is assigned once the description lists it", () => {
    const { state } = live([{ type: "seen", booting: true }], "unlisted");
    expect(live([{ type: "seen", booting: true }], "listed", state).state.phase).toBe("assigned");
  });

  test("that was installed while it was listed still boots its disk", () => {
    expect(boots(live(TO_READY).state, "unlisted")).toBe("local");
  });

  test("that was being installed when the description dropped it gets nothing more", () => {
    const { state } = live([BOOT, TOKEN]);
    expect(boots(state, "unlisted")).toBe("discover");
    expect(live([RELEASE], "unlisted", state).refused).toContain("not in cluster-desc.yml");
  });

  test("becomes a worker where the description says that of all such machines", () => {
    expect(live(TO_READY, "pooled").state.phase).toBe("ready");
  });
});
