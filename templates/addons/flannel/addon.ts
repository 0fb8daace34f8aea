/** Flannel: the pods' packets travel between nodes as kubernetes.flannel says. */
import { cidr } from "../../../cluster/address.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import type { AddOn } from "../../../cluster/extension.ts";
import { written } from "../written.ts";

export const flannel: AddOn = {
  name: "flannel",
  manifests({ cluster, settings }) {
    const { podSubnet, flannel: backend } = cluster.kubernetes;
    const network = {
      Network: cidr(podSubnet),
      EnableNFTables: settings["nftables"] === "yes" || (settings["nftables"] === "auto" && hasOnlyNftables(cluster)),
      Backend: { Type: backend },
    };
    return written("flannel/flannel", {
      image: `ghcr.io/flannel-io/flannel:${settings["version"]}`,
      pluginImage: `ghcr.io/flannel-io/flannel-cni-plugin:${settings["cniPlugin"]}`,
      cni: pretty(CNI),
      network: pretty(network),
      args: ["--ip-masq", "--kube-subnet-mgr", ...(settings["interface"] ? [`--iface=${settings["interface"]}`] : [])],
      // Its backend `udp` opens /dev/net/tun, which a container may not otherwise.
      privileged: backend === "udp",
    });
  },
};

const CNI = {
  name: "cbr0",
  cniVersion: "0.3.1",
  plugins: [
    { type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
};

/** Enterprise Linux 10 has no iptables in its kernel. */
const hasOnlyNftables = ({ machines }: Cluster): boolean =>
  machines.some(({ os }) => os.target === "enterprise-linux" && os.version.split(".")[0] === "10");

const pretty = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
