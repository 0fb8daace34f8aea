/** A World of a few machines with the least lifecycle that can tell right from wrong, and everything the server did to it. */
import { randomBytes } from "node:crypto";
import { hashOf } from "../../../bootstrapper/http/request/tokens.ts";
import type { Outcome, World } from "../../../bootstrapper/http/world.ts";
import type { JournalEntry } from "../../../bootstrapper/journal.ts";
import type { NodeStanding } from "../../../bootstrapper/kubernetes/health.ts";
import type { ClusterView } from "../../../bootstrapper/kubernetes/view.ts";
import type { Heard, OrderWord, Word } from "../../../bootstrapper/kubernetes/words.ts";
import type { MachineEvent, MachineState, MachineView, NextBoot, Phase, Transfer } from "../../../bootstrapper/machines/machine.ts";
import type { Operation, Wish } from "../../../bootstrapper/operations/operation.ts";
import { type Ipv4, ipv4, type Mac, mac } from "../../../cluster/address.ts";

export const CP1 = mac("52:54:00:00:00:11");
export const W1 = mac("52:54:00:00:00:21");
export const NEW = mac("02:00:00:00:00:99");
/** Where CP1 and W1 call from; nobody holds STRANGER. */
export const CP1_ADDRESS = "127.0.0.11";
export const W1_ADDRESS = "127.0.0.21";
export const STRANGER = "127.0.0.99";
export const API_TOKEN = "the-operators-token";
export const NOW = Date.UTC(2026, 10, 1, 12);

export const CLUSTER: ClusterView = {
  version: "1.36.4",
  endpoint: "api.demo.lan:6443",
  founding: { is: "done", by: "cp-1", at: NOW },
  servers: [{ name: "cp-1", address: "10.0.0.11", is: "ready", because: "it is ready" }],
  nodes: { ready: 1, expected: 2, list: [] },
  missing: ["node w-1: it is not Ready: PLEG is not healthy"],
  addOns: [{ name: "flannel", is: "well", because: "all of it runs" }],
};

export interface SmallWorld extends World {
  readonly states: Map<Mac, MachineView>;
  readonly holders: Map<Ipv4, Mac>;
  readonly applied: { readonly mac: Mac; readonly event: MachineEvent }[];
  readonly entries: JournalEntry[];
  readonly told: { readonly mac: Mac; readonly transfer: Transfer | undefined }[];
  /** Set to make every event of that type fail. */
  readonly denied: Map<MachineEvent["type"], string>;
  /** What happened in which order: "applied secrets-released", "rendered config". */
  readonly order: string[];
  /** What nodes said of the cluster, and what the next one is answered. */
  readonly heard: { readonly mac: Mac; readonly word: Word | OrderWord }[];
  heardAnswer: Heard;
  clusterView: ClusterView;
  readonly nodes: Map<Mac, NodeStanding>;
  /** Why there is no kubeconfig. */
  noKubeconfig?: string;
  /** What /setup-kubectl answers. */
  script: string | undefined;
  configFails: boolean;
  healthy: boolean;
  time: number;
  put(mac: Mac, change: Partial<MachineView>): void;
  /** The lines of the journal, without times. */
  lines(level?: JournalEntry["level"]): string[];
}

export function smallWorld(staticFolder: string): SmallWorld {
  const states = new Map<Mac, MachineView>();
  const world: SmallWorld = {
    cluster: "demo",
    staticFolder,
    apiTokenHash: hashOf(API_TOKEN),
    states,
    holders: new Map([
      [ipv4(CP1_ADDRESS), CP1],
      [ipv4(W1_ADDRESS), W1],
    ]),
    applied: [],
    entries: [],
    told: [],
    denied: new Map(),
    order: [],
    heard: [],
    nodes: new Map(),
    clusterView: CLUSTER,
    heardAnswer: { ok: true, lines: { do: "wait", because: "cp-1 founds the cluster" } },
    script: "#!/bin/sh\necho kubectl\n",
    configFails: false,
    healthy: true,
    time: NOW,
    put: (address, change) => {
      const before = states.get(address) ?? fresh(address);
      states.set(address, { ...before, ...change });
    },
    lines: (level) => world.entries.filter((entry) => !level || entry.level === level).map((entry) => entry.text),
    machines: {
      list: () => [...states.values()],
      find: (address) => states.get(address),
      holder: (address) => world.holders.get(address),
      nextBoot: (address) => nextBoot(states.get(address)),
      apply: async (address, event) => {
        const outcome = apply(world, address, event);
        await new Promise((later) => setTimeout(later, 2)); // a disk takes its time
        world.order.push(`applied ${event.type}`);
        return outcome;
      },
      setTransfer: (address, transfer) => {
        world.told.push({ mac: address, transfer });
      },
    },
    kubernetes: {
      hear: async (address, word) => {
        world.heard.push({ mac: address, word });
        return world.heardAnswer;
      },
      view: () => world.clusterView,
      node: (address) => world.nodes.get(address),
      kubeconfig: async (by) => {
        if (world.noKubeconfig !== undefined) throw new Error(world.noKubeconfig);
        return `kind: Config\ncurrent-context: kubernetes-admin@demo\nby: ${by}\n`;
      },
      forget: async () => world.heardAnswer,
    },
    operations: {
      hear: async (address, word) => {
        world.heard.push({ mac: address, word });
        return world.heardAnswer;
      },
      plan: async () => ({ planned: { ok: true, steps: [{ do: "snapshot" }], notes: [] }, id: "0123" }),
      apply: async (wish) => operation(wish),
      continue: async () => operation({ do: "remove", machine: "w-1" }),
      cancel: async () => operation({ do: "remove", machine: "w-1" }),
      last: () => undefined,
      snapshots: async () => [],
      takeSnapshot: async () => ({ name: "etcd-20261101T120000Z.db", at: NOW, size: 32, sha256: "00" }),
      readSnapshot: async () => undefined,
      snapshotFor: async () => undefined,
    },
    texts: {
      bootScript: (address) => `#!ipxe\necho ${nextBoot(states.get(address)).do} ${address}\n`,
      stageOne: (address) => (address === CP1 ? '{"ignition":{"version":"3.3.0"}}' : undefined),
      installScript: (address) => `#!/bin/sh\necho install ${address}\n`,
      setupKubectl: () => world.script,
      wayIn: () => "#!/bin/sh\necho way in\n",
      config: async (address, reportToken) => {
        world.order.push("rendered config");
        if (world.configFails) throw new Error("tls/machines/x.key is missing");
        return { contentType: "application/json", body: JSON.stringify({ machine: address, reportToken, secret: "the key" }) };
      },
    },
    journal: (entry) => {
      world.entries.push({ at: world.time, ...entry });
    },
    journalTail: async (count) => world.entries.slice(-count),
    leases: () => [
      { mac: CP1, address: ipv4(CP1_ADDRESS), hostname: "cp-1", expiresAt: NOW + 3_600_000 },
      { mac: W1, address: ipv4(W1_ADDRESS) },
    ],
    health: () => ({ ok: world.healthy, parts: { dhcp: "serving", time: world.healthy ? "synchronised" : "chronyd is not running" } }),
    now: () => world.time,
    random: (bytes) => randomBytes(bytes).toString("hex"),
  };
  world.put(CP1, { name: "cp-1", roles: ["control-plane"], address: ipv4(CP1_ADDRESS) });
  world.put(W1, { name: "w-1", roles: ["worker"], address: ipv4(W1_ADDRESS) });
  world.put(NEW, { name: "02-00-00-00-00-99", phase: "discovered", because: "not in the description" });
  return world;
}

const operation = (wish: Wish): Operation => ({
  id: "a1",
  wish,
  steps: [{ do: "snapshot" }],
  at: 0,
  is: "running",
  tries: 0,
  begun: NOW,
  changed: NOW,
});

/** A machine that holds a grant and has just been told to install. */
export const granted = (change: Partial<NonNullable<MachineState["grant"]>> = {}): Pick<MachineView, "phase" | "grant"> => ({
  phase: "booting",
  grant: { openedAt: NOW, expiresAt: NOW + 3_600_000, attempt: 1, mayWipe: false, ...change },
});

const fresh = (address: Mac): MachineView => ({
  mac: address,
  name: address,
  roles: [],
  phase: "assigned",
  since: NOW - 1000,
  because: "in the description",
  disks: [],
  lastSeen: NOW - 500,
});

const NEXT: Partial<Record<Phase, NextBoot["do"]>> = {
  assigned: "install",
  granted: "install",
  reinstall: "install",
  booting: "install",
  installing: "install",
  discovered: "discover",
  retired: "nothing",
};

function nextBoot(machine: MachineView | undefined): NextBoot {
  if (!machine) return { do: "discover", because: "it was never seen" };
  return { do: NEXT[machine.phase] ?? "local", because: `it is ${machine.phase}` };
}

function apply(world: SmallWorld, address: Mac, event: MachineEvent): Outcome {
  world.applied.push({ mac: address, event });
  const because = world.denied.get(event.type);
  const before = world.states.get(address);
  if (because !== undefined || !before) return { ok: false, because: because ?? "it is not in the description" };
  const change = changes(before, event, world.time);
  if (typeof change === "string") return { ok: false, because: change };
  world.put(address, change);
  return { ok: true, machine: world.states.get(address)! };
}

/** What the event changes, or why it may not happen. */
function changes(before: MachineView, event: MachineEvent, now: number): Partial<MachineView> | string {
  const { grant } = before;
  switch (event.type) {
    case "boot-script-served": {
      const { tokenHash: _, ...kept } = grant ?? granted({ attempt: 0 }).grant!;
      return { phase: "booting", grant: { ...kept, attempt: kept.attempt + 1 } };
    }
    case "token-issued":
      if (!grant) return "it has no open grant";
      return grant.tokenHash ? "the token of this attempt was given already" : { grant: { ...grant, tokenHash: event.tokenHash } };
    case "secrets-released":
      if (!grant || grant.releasedAt) return "its secrets have left already";
      return { grant: { ...grant, releasedAt: now }, reportTokenHash: event.reportTokenHash };
    case "reported":
      return { phase: event.report.phase, because: event.report.phase === "failed" ? event.report.reason : "it said so" };
    case "grant":
      return before.phase === "discovered" ? "it is not in the description" : { phase: "granted" };
    case "reinstall":
      return { phase: "reinstall" };
    case "retire":
      return { phase: "retired" };
    default:
      return {};
  }
}
