/** One address for all API servers, held by one of the control planes that live: what a control plane gets for it. */
import type { Ipv4 } from "../../../cluster/address.ts";
import type { VirtualAddress } from "../../../cluster/cluster.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { keepalived } from "./keepalived.ts";
import { kubeVip } from "./kube-vip.ts";

/** A control plane with the address that the description reserves for it. */
export interface Holder {
  readonly context: BootContext;
  readonly virtual: VirtualAddress;
  readonly address: Ipv4;
}

const BY: Readonly<Record<VirtualAddress["by"], (holder: Holder) => PlanPiece>> = { "kube-vip": kubeVip, keepalived };

/** Nothing for machines that are no control plane and for clusters without such an address; kube-vip is a pod, and nothing without Kubernetes. */
export function virtualAddressPiece(context: BootContext): PlanPiece {
  const { cluster, machine } = context;
  const { virtualAddress: virtual, version } = cluster.kubernetes;
  if (!virtual || !machine.roles.includes("control-plane") || (virtual.by === "kube-vip" && version === undefined)) return {};
  if (!machine.address)
    throw new TypeError(`${machine.name} may hold ${virtual.address} and has no reserved address; write address: for it`);
  return { from: `virtual address by ${virtual.by}`, ...BY[virtual.by]({ context, virtual, address: machine.address }) };
}
