/** Anaconda's answers for one machine. */
import { dashed } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { fqdn } from "../../../cluster/queries.ts";
import { installUrl } from "../../boot/scripts.ts";
import { KEEPALIVED_PACKAGES } from "../../kubernetes/virtual-address/keepalived.ts";
import { render } from "../../render.ts";
import { consoles } from "../consoles.ts";
import { type EnterpriseLinux, folder } from "./tree.ts";

/** What Kubernetes asks of a host, and what the plan's script needs. */
const PACKAGES = ["chrony", "conntrack-tools", "container-selinux", "curl", "ethtool", "iproute-tc", "nftables", "socat", "tar"];

/** Where the filters live that kube-proxy and pod networks load, since release 10. */
const MODULES = "kernel-modules-extra";

export function kickstart(context: BootContext<EnterpriseLinux>): string {
  const { cluster, machine, os, server } = context;
  const tree = `${server.http}/static/${folder(os, machine.architecture)}`;
  return render("os/enterprise-linux/kickstart.ks.eta", {
    script: installUrl(context),
    base: `${tree}/BaseOS/`,
    appStream: `${tree}/AppStream/`,
    mac: machine.mac,
    hostname: fqdn(machine, cluster),
    time: cluster.network.ntp ? server.address : undefined,
    args: consoles(machine.architecture),
    packages: [...PACKAGES, ...(release(os) >= 10 ? [MODULES] : []), ...addressPackages(context)],
  });
}

/** What a virtual address needs of the control planes' systems. */
const addressPackages = ({ cluster, machine }: BootContext): readonly string[] =>
  cluster.kubernetes.virtualAddress?.by === "keepalived" && machine.roles.includes("control-plane") ? KEEPALIVED_PACKAGES : [];

/** Where the installer finds its answers. */
export const kickstartUrl = ({ machine, server }: BootContext): string => `${server.http}/boot/${dashed(machine.mac)}.ks`;

const release = ({ version }: EnterpriseLinux): number => Number.parseInt(version, 10);
