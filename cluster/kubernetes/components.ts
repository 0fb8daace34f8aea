/** What a node of Kubernetes runs beside Kubernetes itself, and which version of it goes with which release. */
import { compare } from "./version.ts";

export const COMPONENTS = ["containerd", "runc", "cniPlugins", "crictl"] as const;
export type ComponentName = (typeof COMPONENTS)[number];
export type Components = Readonly<Record<ComponentName, string>>;

interface Row {
  /** The first Kubernetes release that it is for. */
  readonly from: string;
  readonly versions: Components;
  readonly source: string;
}

/** Newest first. */
const DEFAULTS: readonly Row[] = [
  {
    from: "1.23",
    versions: { containerd: "2.3.4", runc: "1.4.3", cniPlugins: "1.9.1", crictl: "1.36.0" },
    source: "kubespray's defaults of August 2026; containerd's RELEASES.md for containerd",
  },
  {
    from: "1.0",
    versions: { containerd: "1.7.28", runc: "1.4.3", cniPlugins: "1.9.1", crictl: "1.36.0" },
    source: "containerd 2.0's release notes: the CRI API that a kubelet before 1.23 speaks is gone",
  },
];

/** `chosen` by the description counts before what we would take. `kubernetes`: "1.36.4" or "1.36". */
export function componentsFor(kubernetes: string, chosen: Partial<Components>): Components {
  const { versions } = DEFAULTS.find(({ from }) => compare(kubernetes, from) >= 0) ?? DEFAULTS[0]!;
  return { ...versions, ...chosen };
}
