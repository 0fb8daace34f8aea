/** Racks with Kubernetes, for every test of what their machines are given. */
import { ipv4, mac } from "../../../cluster/address.ts";
import type { Cluster, Kubernetes, Machine } from "../../../cluster/cluster.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { cluster, machine, server } from "../sample.ts";

/** The oldest release that each version of kubeadm's configuration is written for here, and a current one. */
export const RELEASES = { v1beta2: "1.20.2", v1beta3: "1.28.15", v1beta4: "1.36.2" } as const;

/** As though kubeadm of any release asked for these. */
export const TAGS = { coredns: "v1.11.1", etcd: "3.5.15-0", pause: "3.9" } as const;

const numbered = (name: string, role: Machine["roles"], from: number, count: number): readonly Machine[] =>
  Array.from({ length: count }, (_, index) =>
    machine({
      name: `${name}-${index + 1}`,
      mac: mac(`52:54:00:00:${from}:0${index + 1}`),
      address: ipv4(`10.0.0.${from + index + 1}`),
      roles: role,
    }),
  );

export interface Rack {
  readonly planes?: number;
  readonly etcd?: number;
  /** Of all control planes. */
  readonly given?: Partial<Machine>;
}

export function rack({ planes = 1, etcd = 0, given = {} }: Rack, kubernetes: Partial<Kubernetes> & { readonly version: string }): Cluster {
  const machines = [
    ...numbered("cp", ["control-plane"], 10, planes).map((one) => ({ ...one, ...given })),
    ...numbered("etcd", ["etcd"], 20, etcd),
    ...numbered("worker", ["worker"], 30, 2),
  ];
  const tags = { [kubernetes.version]: TAGS };
  const bare = cluster(machines);
  const reserved = { system: { cpu: "100m", memory: "200Mi" }, kube: { memory: "200Mi" } };
  return { ...bare, kubernetes: { ...bare.kubernetes, tags, reserved, apiNames: ["api.example.com", "203.0.113.7"], ...kubernetes } };
}

/** As the machine of this name sees it. */
export function seenBy(name: string, rack: Cluster): BootContext {
  const found = rack.machines.find((one) => one.name === name)!;
  return { cluster: rack, machine: found, os: found.os, server };
}
