/** Who founds the cluster, case by case. */
import { expect, test } from "vitest";
import {
  type Answer,
  type Circumstances,
  decide,
  type Founding,
  PATIENCE,
  resumed,
  type Step,
} from "../../../bootstrapper/kubernetes/founding.ts";
import { type Mac, mac } from "../../../cluster/address.ts";

const [CP1, CP2, WORKER] = ["52:54:00:00:00:11", "52:54:00:00:00:12", "52:54:00:00:00:21"].map(mac) as [Mac, Mac, Mac];
const NOW = 1_000_000;
const NAMES: Record<Mac, string> = { [CP1]: "cp-1", [CP2]: "cp-2", [WORKER]: "w-1" };

const circumstances = (change: Partial<Circumstances> = {}): Circumstances => ({
  now: NOW,
  answering: [],
  clusterOf: () => undefined,
  mayFound: (who) => who !== WORKER,
  nameOf: (who) => NAMES[who]!,
  members: { up: 1, expected: 1, what: "control planes have come up" },
  ...change,
});
const founder = (change: Partial<NonNullable<Founding["founder"]>> = {}): Founding => ({
  founder: { mac: CP1, since: NOW - 1000, heard: NOW - 1000, beats: false, failed: false, ...change },
});
const founded: Founding = { founded: { by: CP1, at: NOW - 1000 } };
const silent = founder({ heard: NOW - PATIENCE.silent - 1 });
const quiet = founder({ beats: true, heard: NOW - PATIENCE.beating - 1 });

interface Case {
  readonly when: string;
  readonly given?: Founding;
  readonly who: Mac;
  readonly says: Step["type"];
  readonly but?: Partial<Circumstances>;
  readonly told: Answer["do"];
  readonly because: string;
}

test("what was restored is the cluster, also when it is not the one that was founded last", () => {
  const later: Founding = { founded: { by: CP2, at: NOW - 1000, id: "the one after" } };
  const { founding } = decide(later, CP1, { type: "restored" }, circumstances());
  expect(founding).toEqual({ founded: { by: CP1, at: NOW - 1000 } });
  const looked = decide(founding, CP1, { type: "looked" }, circumstances({ answering: [CP1], clusterOf: () => "the one before" }));
  expect(looked.founding.founded).toMatchObject({ by: CP1, id: "the one before" });
  expect(decide({}, CP1, { type: "restored" }, circumstances()).founding).toEqual({});
});

test.each<Case>([
  { when: "the first control plane asks", who: CP1, says: "asks", told: "found", because: "first" },
  { when: "a worker asks first", who: WORKER, says: "asks", told: "wait", because: "no control plane has founded" },
  { when: "another founds", given: founder(), who: CP2, says: "asks", told: "wait", because: "cp-1 founds" },
  {
    when: "the founder was power-cycled",
    given: founder(),
    who: CP1,
    says: "asks",
    told: "found",
    because: "told to found the cluster before",
  },
  { when: "the cluster exists", given: founded, who: CP2, says: "asks", told: "join", because: "cp-1 founded" },
  { when: "its founder was re-installed", given: founded, who: CP1, says: "asks", told: "join", because: "cp-1 founded" },
  {
    when: "the founder is silent for long",
    given: silent,
    who: CP2,
    says: "asks",
    told: "found",
    because: "passes on from cp-1: nothing was heard",
  },
  {
    when: "the founder is silent for long and its API answers",
    given: silent,
    who: CP2,
    says: "asks",
    but: { answering: [CP1] },
    told: "wait",
    because: "cp-1 founds",
  },
  {
    when: "a founder that spoke every minute stops",
    given: quiet,
    who: CP2,
    says: "asks",
    told: "found",
    because: "nothing was heard of it for 3 minutes",
  },
  {
    when: "the clock was set back by a day",
    given: founder({ heard: NOW + 86_400_000 }),
    who: CP2,
    says: "asks",
    told: "found",
    because: "passes on",
  },
  { when: "the founder failed", given: founder({ failed: true }), who: CP2, says: "asks", told: "found", because: "it could not" },
  {
    when: "the founder failed half-way and its API answers",
    given: founder({ failed: true }),
    who: CP2,
    says: "asks",
    but: { answering: [CP1] },
    told: "wait",
    because: "still answers",
  },
  {
    when: "the founder is installed anew",
    given: founder(),
    who: CP2,
    says: "asks",
    but: { mayFound: (who) => who === CP2 },
    told: "found",
    because: "no longer runs",
  },
  {
    when: "nothing is remembered and an API answers",
    who: CP2,
    says: "asks",
    but: { answering: [CP1] },
    told: "join",
    because: "so the cluster exists",
  },
  {
    when: "members of etcd are missing",
    who: CP1,
    says: "asks",
    but: { members: { up: 1, expected: 3, what: "control planes have come up" } },
    told: "wait",
    because: "1 of 3 control planes",
  },
  { when: "the founder has founded", given: founder(), who: CP1, says: "founded", told: "noted", because: "written down" },
  { when: "it says so again", given: founded, who: CP1, says: "founded", told: "noted", because: "is founded" },
  { when: "the founding has passed on", given: founder(), who: CP2, says: "founded", told: "refuse", because: "passed to cp-1" },
  { when: "another has founded", given: founded, who: CP2, says: "founded", told: "refuse", because: "cp-1 founded" },
  { when: "nobody was asked to", who: CP2, says: "founded", told: "refuse", because: "ask first" },
  { when: "who founds is at it", given: founder(), who: CP1, says: "founding", told: "noted", because: "" },
  { when: "who founds no longer is at it", given: founder(), who: CP2, says: "founding", told: "refuse", because: "passed to cp-1" },
  { when: "a worker could not join", given: founded, who: WORKER, says: "failed", told: "noted", because: "could not join" },
])("$when: $says is answered $told", ({ given = {}, who, says, but, told, because }) => {
  const { answer } = decide(given, who, { type: says }, circumstances(but));
  expect(answer).toEqual({ do: told, because: expect.stringContaining(because) });
});

test("what is decided is what is remembered", () => {
  const after = (given: Founding, who: Mac, says: Step["type"]): Founding => decide(given, who, { type: says }, circumstances()).founding;
  expect(after({}, CP1, "asks")).toEqual({ founder: { mac: CP1, since: NOW, heard: NOW, beats: false, failed: false } });
  expect(after(founder({ failed: true }), CP1, "asks")).toEqual(founder({ heard: NOW }));
  expect(after(founder(), CP1, "failed")).toEqual(founder({ heard: NOW, failed: true }));
  expect(after(founder(), CP1, "founding")).toEqual(founder({ heard: NOW, beats: true }));
  expect(after(founder(), CP1, "founded")).toEqual({ founded: { by: CP1, at: NOW } });
  expect(after(founded, CP1, "forget")).toEqual({});
  expect(after(founder(), CP2, "asks")).toEqual(founder());
});

test("a server that was away gives the founder its time again", () => {
  expect(resumed(silent, NOW)).toEqual(founder({ heard: NOW }));
  expect(resumed(founded, NOW)).toEqual(founded);
});
