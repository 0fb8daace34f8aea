/** CoreDNS's settings: whom it asks about names outside of the cluster. Its Deployment is kubeadm's. */
import type { AddOn } from "../../../cluster/extension.ts";
import { isYes, written } from "../written.ts";

export const coredns: AddOn = {
  name: "coredns",
  manifests({ cluster, settings }) {
    const servers = (settings["forward"] || cluster.network.nameServers.join(" ")).split(" ").filter((one) => one !== "");
    const values = { servers, domain: cluster.kubernetes.dnsDomain, cache: Number(settings["cache"]), log: isYes(settings["log"]) };
    return written("coredns/coredns", { corefile: corefile(values) });
  },
  workloads: () => [{ kind: "Deployment", namespace: "kube-system", name: "coredns" }],
};

interface Values {
  readonly servers: readonly string[];
  readonly domain: string;
  readonly cache: number;
  readonly log: boolean;
}

/** What kubeadm writes itself, but for the servers; plugins that every CoreDNS since 1.7 has. */
function corefile({ servers, domain, cache, log }: Values): string {
  const lines = [
    "errors",
    ...(log ? ["log"] : []),
    "health {\n       lameduck 5s\n    }",
    "ready",
    `kubernetes ${domain} in-addr.arpa ip6.arpa {\n       pods insecure\n       fallthrough in-addr.arpa ip6.arpa\n       ttl 30\n    }`,
    "prometheus :9153",
    `forward . ${servers.length > 0 ? servers.join(" ") : "/etc/resolv.conf"} {\n       max_concurrent 1000\n    }`,
    ...(cache > 0 ? [`cache ${cache}`] : []),
    "loop",
    "reload",
    "loadbalance",
  ];
  return `.:53 {\n${lines.map((line) => `    ${line}\n`).join("")}}\n`;
}
