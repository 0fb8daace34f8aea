/** What may be done to a running cluster, the small steps it is made of, and how far one has come. */
import type { Mac } from "../../cluster/address.ts";

/** What the operator asks for. Machines by name. */
export type Wish =
  /** `batch`: how many workers at a time. */
  | { readonly do: "upgrade"; readonly release: string; readonly batch: number }
  /** Empty `machines`: every node. */
  | { readonly do: "reinstall"; readonly machines: readonly string[]; readonly batch: number }
  | { readonly do: "remove"; readonly machine: string }
  /** The machine is dead. It is installed again, or `by` takes its place. */
  | { readonly do: "replace"; readonly machine: string; readonly by?: string };

export interface Target {
  readonly mac: Mac;
  /** The machine's name, and its Node's and its member's of etcd. */
  readonly node: string;
}

/** Each may be done twice: the second time finds that it is so already. */
export type Step =
  | { readonly do: "snapshot" }
  | (Target &
      (
        | { readonly do: "cordon" | "drain" | "uncordon" }
        /** The order is given; `obeyed` waits until it was carried out. */
        | { readonly do: "upgrade"; readonly release: string; readonly kind: "apply" | "node" }
        | { readonly do: "leave" | "reinstall" }
        | { readonly do: "obeyed"; readonly order: "upgrade" | "leave" | "reinstall" }
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
  cordon: ({ node }) => `${node}: let no new pods in`,
  drain: ({ node }) => `${node}: evict its pods`,
  uncordon: ({ node }) => `${node}: let pods in again`,
  upgrade: ({ node, release, kind }) => `${node}: order it to run Kubernetes ${release} (kubeadm upgrade ${kind})`,
  leave: ({ node }) => `${node}: order it to stop its kubelet and its containers`,
  reinstall: ({ node }) => `${node}: order it to restart and install again; its disk is overwritten`,
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
  }
}
