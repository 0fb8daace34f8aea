/** What may be done to a running cluster, the small steps it is made of, and how far one has come. */
import type { Mac } from "../../cluster/address.ts";
import { keyInWords, type ObjectKey } from "../kubernetes/leftovers.ts";
import { isAccountOfAll } from "../kubernetes/pull-secrets.ts";

/** What the operator asks for. Machines by name. */
export type Wish =
  /** `batch`: how many workers at a time. */
  | { readonly do: "upgrade"; readonly release: string; readonly batch: number }
  /** Empty `machines`: every node. */
  | { readonly do: "reinstall"; readonly machines: readonly string[]; readonly batch: number }
  | { readonly do: "remove"; readonly machine: string }
  /** The machine is dead. It is installed again, or `by` takes its place. */
  | { readonly do: "replace"; readonly machine: string; readonly by?: string }
  /** etcd's data becomes what it was when the snapshot of this name was taken. */
  | { readonly do: "restore"; readonly snapshot: string }
  /** What add-ons left behind that the bsroot no longer has goes. */
  | { readonly do: "prune" };

export interface Target {
  readonly mac: Mac;
  /** The machine's name, and its Node's and its member's of etcd. */
  readonly node: string;
}

/** Each may be done twice: the second time finds that it is so already. */
export type Step =
  | { readonly do: "snapshot" }
  /** The snapshot is on disk as it was taken. */
  | { readonly do: "check"; readonly snapshot: string; readonly sha256: string }
  | { readonly do: "take-away"; readonly addOn: string; readonly object: ObjectKey }
  | (Target &
      (
        | { readonly do: "cordon" | "drain" | "uncordon" }
        /** The order is given; `obeyed` waits until it was carried out. */
        | { readonly do: "upgrade"; readonly release: string; readonly kind: "apply" | "node" }
        | { readonly do: "leave" | "reinstall" | "stop" | "start" | "rejoin" }
        | { readonly do: "prepare"; readonly snapshot: string; readonly sha256: string }
        | { readonly do: "restore"; readonly sha256: string }
        | { readonly do: "obeyed"; readonly order: "upgrade" | "leave" | "reinstall" | "stop" | "start" | "rejoin" | "prepare" | "restore" }
        /** etcd answers, and has no other member. */
        | { readonly do: "restored" }
        /** Its API serves the cluster, whichever that was when the snapshot was taken. */
        | { readonly do: "recognise" }
        /** Its Node is Ready, with this release where one is given; a control plane's API and etcd are well too. */
        | { readonly do: "ready"; readonly release?: string }
        | { readonly do: "remove-member" | "delete-node" | "retire" | "install" }
      ));

export type Planned =
  | { readonly ok: true; readonly steps: readonly Step[] /** What the operator should know. */; readonly notes: readonly string[] }
  /** Every reason at once, each with what to do. */
  | { readonly ok: false; readonly because: readonly string[] };

/** What the store keeps of the operation that runs or ran last. Times are milliseconds since 1970. */
export interface Operation {
  readonly id: string;
  readonly wish: Wish;
  readonly steps: readonly Step[];
  /** The step that is being done, or the one that it stopped at; as many are done. */
  readonly at: number;
  readonly is: "running" | "stopped" | "done" | "cancelled";
  /** Why it stopped, and what to do. */
  readonly because?: string;
  /** How often it was continued: an order that a node failed at is given anew after that. */
  readonly tries: number;
  readonly begun: number;
  readonly changed: number;
}

const WORDS: { readonly [K in Step["do"]]: (step: Extract<Step, { readonly do: K }>) => string } = {
  snapshot: () => "take a snapshot of etcd",
  check: ({ snapshot }) => `see that ${snapshot} is on disk as it was taken`,
  "take-away": ({ addOn, object }) =>
    isAccountOfAll(object)
      ? `take what ${addOn} named there out of ${keyInWords(object)}`
      : `delete ${keyInWords(object)}, which ${addOn} left behind`,
  cordon: ({ node }) => `${node}: let no new pods in`,
  drain: ({ node }) => `${node}: evict its pods`,
  uncordon: ({ node }) => `${node}: let pods in again`,
  upgrade: ({ node, release, kind }) => `${node}: order it to run Kubernetes ${release} (kubeadm upgrade ${kind})`,
  leave: ({ node }) => `${node}: order it to stop its kubelet and its containers`,
  reinstall: ({ node }) => `${node}: order it to restart and install again; its disk is overwritten`,
  prepare: ({ node, snapshot }) => `${node}: order it to fetch ${snapshot} and to make data of it, beside what etcd has now`,
  stop: ({ node }) => `${node}: order it to stop its control plane and its member of etcd`,
  restore: ({ node }) => `${node}: order it to put etcd's data aside, the snapshot's in its place, and to start etcd as a cluster of one`,
  restored: ({ node }) => `${node}: wait until etcd answers and has no other member`,
  recognise: ({ node }) => `${node}: take what its API serves for the cluster`,
  rejoin: ({ node }) => `${node}: order it to put its data of etcd aside and to join as a new member`,
  start: ({ node }) => `${node}: order it to start its control plane again`,
  obeyed: ({ node }) => `${node}: wait until it has carried that out`,
  ready: ({ node, release }) => `${node}: wait until it is Ready${release === undefined ? "" : ` with Kubernetes ${release}`}`,
  "remove-member": ({ node }) => `${node}: take its member out of etcd`,
  "delete-node": ({ node }) => `${node}: delete its Node`,
  retire: ({ node }) => `${node}: retire the machine; it boots nothing from here any more`,
  install: ({ node }) => `${node}: let the machine install when it boots from the network; its disk is overwritten`,
};

/** "w-1: evict its pods" */
export const inWords = (step: Step): string => (WORDS[step.do] as (step: Step) => string)(step);

/** "upgrade to Kubernetes 1.37.1" */
export function wishInWords(wish: Wish): string {
  switch (wish.do) {
    case "upgrade":
      return `upgrade to Kubernetes ${wish.release}`;
    case "reinstall":
      return `re-install ${wish.machines.length === 0 ? "every node" : wish.machines.join(", ")}`;
    case "remove":
      return `remove ${wish.machine}`;
    case "replace":
      return `replace ${wish.machine}${wish.by === undefined ? "" : ` by ${wish.by}`}`;
    case "restore":
      return `restore etcd from ${wish.snapshot}`;
    case "prune":
      return "take away what add-ons left behind";
  }
}

/** The operation while it is neither at its end nor cancelled: no other one may begin. */
export const underWay = (operation: Operation | undefined): Operation | undefined =>
  operation?.is === "running" || operation?.is === "stopped" ? operation : undefined;

/** For refusals: what there is instead. */
export const standing = (operation: Operation | undefined): string =>
  operation ? `"${wishInWords(operation.wish)}" is ${operation.is}` : "nothing was begun";

/** Nodes that were closed to pods or stopped, and not opened or started again. */
export function leftOpen({ id, steps, at }: Operation): string {
  const closed = new Set<string>();
  const stopped = new Set<string>();
  for (const step of steps.slice(0, at + 1)) {
    if (step.do === "cordon") closed.add(step.node);
    if (step.do === "uncordon" || step.do === "delete-node") closed.delete(step.node);
    if (step.do === "stop") stopped.add(step.node);
    if (step.do === "start" || step.do === "rejoin" || step.do === "reinstall") stopped.delete(step.node);
  }
  return [
    closed.size === 0 ? "" : `; ${[...closed].join(", ")} may still be closed to new pods: kubectl uncordon`,
    stopped.size === 0 ? "" : `; ${[...stopped].join(", ")} may be stopped: restore again, or run /opt/sextant/restore start ${id} there`,
  ].join("");
}
