/** A rack of control planes that are switched on and off, cut off, re-installed and misunderstood, beside a server that restarts: never two clusters. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Answer,
  type Circumstances,
  decide,
  type Founding,
  isOurs,
  PATIENCE,
  resumed,
  type Step,
} from "../../../bootstrapper/kubernetes/founding.ts";
import { type Mac, mac } from "../../../cluster/address.ts";

const MACS = [1, 2, 3].map((n) => mac(`52:54:00:00:00:1${n}`));

/** What a control plane has on its disk, and whether we reach it. */
interface Node {
  readonly mac: Mac;
  on: boolean;
  reachable: boolean;
  /** `asks`: nothing. `founds`: half of a cluster. `initialised`: a whole one, unsaid. `member`: one that was acknowledged or joined. */
  is: "asks" | "founds" | "initialised" | "member";
  cluster?: string;
}

type Event =
  | { readonly do: "speak"; readonly who: number; readonly lost: boolean }
  | { readonly do: "finish" | "fail" | "power" | "cut" | "reinstall"; readonly who: number }
  | { readonly do: "restart" }
  | { readonly do: "pass"; readonly minutes: number };

class Rack {
  readonly nodes: readonly Node[] = MACS.map((one) => ({ mac: one, on: false, reachable: true, is: "asks" }));
  founding: Founding = {};
  now = 1_000_000;
  made = 0;
  /** Everything the server answered. */
  readonly answers: { readonly mac: Mac; readonly step: Step["type"]; readonly answer: Answer; readonly before: Founding }[] = [];

  happen(event: Event): void {
    this.now += 1_000;
    if (event.do === "restart") this.founding = resumed(JSON.parse(JSON.stringify(this.founding)) as Founding, this.now);
    else if (event.do === "pass") this.now += event.minutes * 60_000;
    else this.#atNode(this.nodes[event.who]!, event);
  }

  #atNode(node: Node, event: Extract<Event, { readonly who: number }>): void {
    switch (event.do) {
      case "power":
        node.on = !node.on;
        if (node.is === "founds") node.is = "asks";
        break;
      case "cut":
        node.reachable = !node.reachable;
        break;
      case "reinstall":
        // The last of a cluster: the operator gives it up, or not.
        if (node.cluster !== undefined && this.founding.founded && !this.#otherMember(node)) break;
        node.is = "asks";
        delete node.cluster;
        break;
      case "finish":
        if (node.on && node.is === "founds") {
          node.is = "initialised";
          this.made += 1;
          node.cluster = `cluster ${this.made}`;
        }
        break;
      case "fail":
        if (this.#hears(node) && node.is === "founds") {
          this.#ask(node, "failed");
          node.is = "asks";
        }
        break;
      case "speak":
        if (this.#hears(node) && node.is !== "member") this.#speak(node, event.lost);
    }
  }

  #speak(node: Node, lost: boolean): void {
    const says = node.is === "initialised" ? "founded" : node.is === "founds" ? "founding" : "asks";
    const answer = this.#ask(node, says);
    if (lost) return;
    if (answer.do === "refuse") this.#reset(node);
    else if (says === "founded") node.is = "member";
    else if (answer.do === "found") {
      this.#reset(node);
      node.is = "founds";
    } else if (answer.do === "join") {
      const other = this.nodes.find((one) => one !== node && this.#serves(one) && isOurs(this.founding.founded, one.mac, one.cluster!));
      if (!other) return;
      node.cluster = other.cluster!;
      node.is = "member";
    }
  }

  #reset(node: Node): void {
    node.is = "asks";
    delete node.cluster;
  }

  #ask(node: Node, type: Step["type"]): Answer {
    const before = this.founding;
    const { founding, answer } = decide(before, node.mac, { type }, this.circumstances());
    this.founding = founding;
    this.answers.push({ mac: node.mac, step: type, answer, before });
    return answer;
  }

  circumstances(): Circumstances {
    const serving = this.nodes.filter((node) => this.#serves(node));
    return {
      now: this.now,
      answering: serving.map((node) => node.mac),
      clusterOf: (who) => serving.find((node) => node.mac === who)?.cluster,
      mayFound: () => true,
      nameOf: (who) => who,
      members: { up: 1, expected: 1, what: "control planes" },
    };
  }

  #serves = (node: Node): boolean => this.#hears(node) && (node.is === "initialised" || node.is === "member");
  #hears = (node: Node): boolean => node.on && node.reachable;
  #otherMember = (node: Node): Node | undefined => this.nodes.find((one) => one !== node && one.is === "member");
}

const who = fc.nat(MACS.length - 1);
const event: fc.Arbitrary<Event> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("speak" as const), who, lost: fc.nat(9).map((n) => n === 0) }), weight: 12 },
  { arbitrary: fc.record({ do: fc.constant("finish" as const), who }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constantFrom("power" as const, "cut" as const), who }), weight: 5 },
  { arbitrary: fc.record({ do: fc.constantFrom("fail" as const, "reinstall" as const), who }), weight: 1 },
  { arbitrary: fc.constant({ do: "restart" as const }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant("pass" as const), minutes: fc.constantFrom(1, 5, 30) }), weight: 3 },
);
const history = fc.array(event, { minLength: 1, maxLength: 80, size: "max" }).map((events) => {
  const rack = new Rack();
  for (const each of events) rack.happen(each);
  return rack;
});
const always = (holds: (rack: Rack) => void): void => {
  fc.assert(fc.property(history, holds), { numRuns: 500 });
};

describe("whatever happens, in whatever order", () => {
  test("these histories found, fail to, pass on and join", () => {
    const racks = fc.sample(history, { numRuns: 1000, seed: 1 });
    const told = (answer: Answer["do"]): number => racks.filter((rack) => rack.answers.some((one) => one.answer.do === answer)).length;
    for (const answer of ["found", "join", "wait", "noted", "refuse"] as const) expect(told(answer), answer).toBeGreaterThan(15);
    expect(racks.filter((rack) => rack.answers.some(({ answer }) => answer.because.includes("passes on"))).length).toBeGreaterThan(15);
  });

  test("there are never two clusters", () => {
    always((rack) => {
      const clusters = new Set(rack.nodes.filter(({ is }) => is === "member").map(({ cluster }) => cluster));
      expect(clusters.size).toBeLessThanOrEqual(1);
    });
  });

  test("only who was told last may say that it founded, and only one ever does", () => {
    always(({ answers }) => {
      let last: Mac | undefined;
      const founders = new Set<Mac>();
      for (const { mac: speaker, step, answer } of answers) {
        if (answer.do === "found") last = speaker;
        if (step !== "founded" || answer.do !== "noted") continue;
        expect(speaker).toBe(last);
        founders.add(speaker);
      }
      expect(founders.size).toBeLessThanOrEqual(1);
    });
  });

  test("once the cluster is founded nobody is told to found", () => {
    always(({ answers }) => {
      for (const { before, answer } of answers) if (before.founded) expect(answer.do).not.toBe("found");
    });
  });

  test("a founder is left to its work as long as it lives and speaks", () => {
    always(({ answers }) => {
      for (const { before, mac: speaker, answer } of answers) {
        const { founder } = before;
        if (answer.do !== "found" || !founder || founder.mac === speaker) continue;
        expect(founder.failed || answer.because.includes("nothing was heard")).toBe(true);
      }
    });
  });

  test("when all are switched on and left alone, there is a cluster of all of them in the end", () => {
    always((rack) => {
      for (const node of rack.nodes) Object.assign(node, { on: true, reachable: true });
      for (let round = 0; round < 8; round += 1) {
        rack.happen({ do: "pass", minutes: PATIENCE.silent / 60_000 + 1 });
        for (const [index] of rack.nodes.entries()) {
          rack.happen({ do: "speak", who: index, lost: false });
          rack.happen({ do: "finish", who: index });
          rack.happen({ do: "speak", who: index, lost: false });
        }
      }
      expect(rack.nodes.map(({ is }) => is)).toEqual(["member", "member", "member"]);
      expect(new Set(rack.nodes.map(({ cluster }) => cluster)).size).toBe(1);
    });
  });
});
