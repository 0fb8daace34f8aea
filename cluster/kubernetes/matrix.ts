/** Which versions do not go together, each row with the reason and where it is written. */
import type { Os } from "../cluster.ts";
import type { ComponentName, Components } from "./components.ts";
import { compare, minorsAhead } from "./version.ts";

interface Range {
  /** The first that it holds for. */
  readonly from?: string;
  /** The first that it does not hold for any more. */
  readonly below?: string;
}

interface Rule {
  readonly kubernetes: Range;
  readonly component: ComponentName | "etcd";
  /** Versions of the component that do not go with it. */
  readonly not: Range;
  /** Known to fail, or only not tested together. */
  readonly is: "refused" | "untested";
  readonly because: string;
  readonly instead: string;
  readonly source: string;
}

const RULES: readonly Rule[] = [
  {
    kubernetes: { from: "1.36" },
    component: "containerd",
    not: { below: "2.0" },
    is: "refused",
    because: "Kubernetes 1.35 was the last to work with containerd 1.x",
    instead: "2.2.0 or newer",
    source: "Kubernetes 1.35 release notes",
  },
  {
    kubernetes: { from: "1.36" },
    component: "containerd",
    not: { from: "2.0", below: "2.2" },
    is: "untested",
    because: "containerd is tested with Kubernetes 1.36 from 2.2.0 on",
    instead: "2.2.0 or newer",
    source: "containerd, RELEASES.md, Kubernetes Support",
  },
  {
    kubernetes: { from: "1.26" },
    component: "containerd",
    not: { below: "1.6" },
    is: "refused",
    because: "a kubelet since 1.26 speaks CRI v1 only, which containerd has since 1.6",
    instead: "1.7.28 or newer",
    source: "Kubernetes 1.26 release notes",
  },
  {
    kubernetes: { below: "1.23" },
    component: "containerd",
    not: { from: "2.0" },
    is: "refused",
    because: "a kubelet before 1.23 speaks CRI v1alpha2, which containerd 2.0 has removed",
    instead: "1.7.28",
    source: "containerd 2.0 release notes",
  },
  {
    kubernetes: { below: "1.33" },
    component: "etcd",
    not: { from: "3.6" },
    is: "refused",
    because: "kubeadm takes etcd 3.6 from Kubernetes 1.33 on",
    instead: "3.5.21-0",
    source: "kubernetes/kubernetes #132865, review",
  },
  {
    kubernetes: { from: "1.37" },
    component: "etcd",
    not: { below: "3.5.24" },
    is: "refused",
    because: "kubeadm refuses etcd before 3.5.24",
    instead: "what kubeadm of that release asks for, by leaving it out",
    source: "kubeadm, constants.go, MinExternalEtcdVersion",
  },
];

export interface Objection {
  /** Below `kubernetes.components`. */
  readonly component: Rule["component"];
  readonly is: Rule["is"];
  /** With the way out, and where it is written. */
  readonly message: string;
}

/** `kubernetes`: "1.36.4" or "1.36". */
export function objections(kubernetes: string, versions: Partial<Components & { readonly etcd: string }>): readonly Objection[] {
  return RULES.flatMap(({ component, is, because, instead, source, ...rule }) => {
    const version = versions[component];
    if (version === undefined || !within(kubernetes, rule.kubernetes) || !within(version, rule.not)) return [];
    const does = is === "refused" ? "does not work with" : "is not tested with";
    return [
      { component, is, message: `${component} ${version} ${does} Kubernetes ${kubernetes}: ${because} (${source}); write ${instead}` },
    ];
  });
}

const within = (version: string, { from, below }: Range): boolean =>
  (from === undefined || compare(version, from) >= 0) && (below === undefined || compare(version, below) < 0);

/** Minors that a component may be ahead of the API servers and behind them (kubernetes.io, version skew policy). */
const SKEW: readonly { readonly component: string; readonly since: string; readonly ahead: number; readonly behind: number }[] = [
  { component: "kubelet", since: "1.28", ahead: 0, behind: 3 },
  { component: "kubelet", since: "1.0", ahead: 0, behind: 2 },
];

/** Why a kubelet of one release may not serve API servers of another; undefined when it may. */
export function skewOf(kubelet: string, apiServer: string): string | undefined {
  const { ahead, behind } = SKEW.find(({ since }) => compare(apiServer, since) >= 0)!;
  const difference = minorsAhead(kubelet, apiServer);
  if (difference > ahead) return `a kubelet may not be newer than the API servers, which are ${apiServer}`;
  if (-difference > behind) return `a kubelet may be at most ${behind} minor releases behind the API servers, which are ${apiServer}`;
  return undefined;
}

/** Minors that are missing between the releases of a cluster: kubeadm upgrades one at a time (kubernetes.io, Upgrading kubeadm clusters). */
export function gaps(versions: readonly string[]): readonly { readonly after: string; readonly before: string }[] {
  const inOrder = [...versions].sort(compare);
  return inOrder.flatMap((before, index) => {
    const after = inOrder[index - 1];
    return after !== undefined && minorsAhead(before, after) > 1 ? [{ after, before }] : [];
  });
}

/** What an operating system must bring so that Kubernetes runs on it, and what for. */
export interface Need {
  readonly what: string;
  readonly because: string;
  readonly source: string;
}

const NEEDS: readonly (Need & { readonly from: string; readonly on: (os: Os) => boolean })[] = [
  {
    from: "1.35",
    on: ({ target }) => target === "raw-image",
    what: "cgroup v2",
    because: "the kubelet refuses cgroup v1",
    source: "Kubernetes 1.35 release notes, failCgroupV1",
  },
  {
    from: "1.0",
    on: (os) => os.target === "enterprise-linux" && os.version.split(".")[0] === "10",
    what: "the package kernel-modules-extra",
    because: "it has nft_compat, br_netfilter and what else kube-proxy and pod networks load",
    source: "kubernetes/kops #17789, #17915",
  },
  {
    from: "1.36",
    on: (os) => os.target === "flatcar" && os.channel === "lts",
    what: "the containerd that is carried along",
    because: "its own is 1.7",
    source: "Flatcar release notes",
  },
];

/** `kubernetes`: "1.36.4" or "1.36". */
export const needs = (kubernetes: string, os: Os): readonly Need[] =>
  NEEDS.filter(({ from, on }) => compare(kubernetes, from) >= 0 && on(os));
