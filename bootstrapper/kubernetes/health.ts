/** What is wrong with a cluster, in plain words, from what its API says. Pure. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import type { Phase } from "../machines/machine.ts";
import type { Seen } from "./api.ts";
import type { Node, Pod, WorkloadObject } from "./objects.ts";
import { lacks } from "./workload.ts";

export interface Finding {
  /** What it is about, the same as long as it lasts: "node w-1", "Deployment kube-system/coredns". */
  readonly about: string;
  readonly mac?: Mac;
  readonly text: string;
}

/** A machine as the cluster sees it. */
export interface NodeStanding {
  readonly mac: Mac;
  readonly name: string;
  readonly ready: boolean;
  /** Since when it is so, milliseconds since 1970; absent when nobody says. */
  readonly since?: number;
  /** "1.20.2"; "" while it has not said. */
  readonly version: string;
  /** Why it is not Ready, or what is odd about it; "" when all is well. */
  readonly because: string;
}

export interface Observed {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly cluster: Cluster;
  phaseOf(mac: Mac): Phase | undefined;
  readonly servers: readonly Seen[];
  /** As it was said last. Absent when no API server could be asked yet. */
  readonly said?: Said;
  readonly certificates: readonly Certificate[];
}
/** One that is watched. */
export interface Certificate {
  /** "tls/kubernetes/ca.crt" */
  readonly what: string;
  /** Whose machine shows it. */
  readonly mac?: Mac;
  /** Milliseconds since 1970. */
  readonly ends: number;
  /** What to do in time: "renew it". */
  readonly wayOut: string;
}
export interface Said {
  readonly nodes: readonly Node[];
  /** Of kube-system. */
  readonly workloads: readonly WorkloadObject[];
  /** The control plane's own, each on its machine. */
  readonly pods: readonly Pod[];
}

export interface Health {
  readonly nodes: readonly NodeStanding[];
  readonly findings: readonly Finding[];
}

/** Milliseconds: long enough to carry a new bsroot to the server. */
const SOON = 30 * 86_400_000;
const DAY = 86_400_000;

export function healthOf(observed: Observed): Health {
  const { cluster, said } = observed;
  const byName = new Map(said?.nodes.map((node) => [node.metadata.name, node]));
  const machines = cluster.machines.filter(isNode);
  const nodes = said ? machines.flatMap((machine) => standing(machine, byName.get(machine.name), observed)) : [];
  return {
    nodes,
    findings: [
      ...serverFindings(observed),
      ...nodes.flatMap(({ mac, name, because }) => (because ? [{ about: `node ${name}`, mac, text: `node ${name}: ${because}` }] : [])),
      ...(said ? [...said.pods.flatMap(podFinding(cluster)), ...said.workloads.flatMap(workloadFinding)] : []),
      ...certificateFindings(observed),
    ],
  };
}

/** Whether it becomes a Node: a machine that only keeps etcd does not. */
export const isNode = ({ roles }: Pick<Machine, "roles">): boolean => roles.some((role) => role !== "etcd");

/** Empty while it has not said that it is ready and is not there either: it is on its way. */
function standing(machine: Machine, node: Node | undefined, { cluster, phaseOf }: Observed): readonly NodeStanding[] {
  const { mac, name } = machine;
  const settled = phaseOf(mac) === "ready";
  if (!node) return settled ? [{ mac, name, ready: false, version: "", because: "it is not in the cluster" }] : [];
  const version = node.status.nodeInfo.kubeletVersion.replace(/^v/, "");
  const wanted = machine.kubernetes ?? cluster.kubernetes.version;
  const ready = node.status.conditions.find(({ type }) => type === "Ready");
  const at = Date.parse(ready?.lastTransitionTime ?? "");
  const known = { mac, name, version, ...(Number.isFinite(at) && { since: at }) };
  if (ready?.status !== "True") {
    const why = oneLine(ready?.message || ready?.reason || "its kubelet has not said why");
    return [{ ...known, ready: false, because: settled ? `it is not Ready: ${why}` : "" }];
  }
  const pressed = node.status.conditions.filter(({ type, status }) => type !== "Ready" && status === "True");
  const odd = [
    ...pressed.map(({ type, message }) => `it has ${type}: ${oneLine(message)}`),
    ...(node.spec.unschedulable ? ["it is cordoned"] : []),
    ...(version && wanted && version !== wanted ? [`its kubelet is ${version}, and the description says ${wanted}`] : []),
  ];
  return [{ ...known, ready: true, because: odd.join("; ") }];
}

function serverFindings({ servers, cluster, phaseOf }: Observed): readonly Finding[] {
  const named = servers.map((server) => ({ ...server, name: cluster.machines.find(({ mac }) => mac === server.mac)?.name ?? server.mac }));
  const ready = named.some(({ is }) => is === "ready");
  const each = named
    .filter(({ mac, is }) => is !== "ready" && ((!ready && is === "answers") || phaseOf(mac) === "ready"))
    .map(({ name, mac, is, because }): Finding => {
      const says = is === "silent" ? `does not answer: ${because}` : because.replace(/^it is/, "is");
      return { about: `API server of ${name}`, mac, text: `the API server of ${name} ${says}` };
    });
  return ready || named.length === 0 ? each : [{ about: "the API", text: "no API server of the cluster is ready" }, ...each];
}

const podFinding =
  ({ machines }: Cluster) =>
  ({ metadata, spec, status }: Pod): readonly Finding[] => {
    const ready = status.conditions.find(({ type }) => type === "Ready");
    if (ready?.status === "True") return [];
    const waiting = status.containerStatuses.map(({ state }) => state.waiting).find((one) => one !== undefined);
    const why = oneLine([waiting?.reason, waiting?.message].filter(Boolean).join(", ") || ready?.message || status.phase || "unknown");
    const mac = machines.find(({ name }) => name === spec.nodeName)?.mac;
    return [{ about: `pod ${metadata.name}`, ...(mac && { mac }), text: `${metadata.name} is not ready: ${why}` }];
  };

function workloadFinding(object: WorkloadObject): readonly Finding[] {
  const what = lacks(object);
  const about = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
  return what ? [{ about, text: `${about}: ${what}` }] : [];
}

function certificateFindings({ certificates, now }: Observed): readonly Finding[] {
  return certificates.flatMap(({ what, mac, ends, wayOut }) => {
    if (ends - now > SOON) return [];
    const day = new Date(ends).toISOString().slice(0, 10);
    const days = Math.ceil((ends - now) / DAY);
    const text = ends <= now ? `${what} ended on ${day}` : `${what} ends on ${day}, in ${days} ${days === 1 ? "day" : "days"}`;
    return [{ about: what, ...(mac && { mac }), text: `${text}; ${wayOut}` }];
  });
}

/** What others write, short enough for a line. */
const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 240 ? `${line.slice(0, 239)}…` : line;
};
