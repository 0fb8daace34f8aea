/** Traefik: HTTP from outside, on the ingress nodes' own ports or on two node ports. */
import type { Cluster } from "../../../cluster/cluster.ts";
import type { AddOn } from "../../../cluster/extension.ts";
import { roleLabel } from "../../../cluster/kubernetes/role-label.ts";
import { isYes, written } from "../written.ts";

export const traefik: AddOn = {
  name: "traefik",
  manifests({ cluster, settings }) {
    const hostNetwork = isYes(settings["hostNetwork"]);
    const [web, websecure] = hostNetwork ? [80, 443] : [8000, 8443];
    const ports = [
      { name: "web", protocol: "TCP", port: 80, targetPort: "web", ...(!hostNetwork && { nodePort: Number(settings["httpNodePort"]) }) },
      {
        name: "websecure",
        protocol: "TCP",
        port: 443,
        targetPort: "websecure",
        ...(!hostNetwork && { nodePort: Number(settings["httpsNodePort"]) }),
      },
    ];
    return written("traefik/traefik", {
      image: `docker.io/library/traefik:${settings["version"]}`,
      hostNetwork,
      default: isYes(settings["default"]),
      nodes: { [roleLabel("ingress")]: "" },
      // They are picked by their role, whatever else they are kept free of.
      tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
      args: argumentsOf(cluster, { web, websecure, hostNetwork }),
      web,
      websecure,
      // On the node's own network nobody else is to reach it.
      probe: { path: "/ping", port: PING, ...(hostNetwork && { host: "127.0.0.1" }) },
      security: hostNetwork ? ON_LOW_PORTS : PLAIN,
      ports,
    });
  },
};

const PING = 8082;

/** Every name below the ingress domain is an ingress node; this one is what external-dns points other names at. */
export const ingressName = ({ dns, domain }: Cluster): string => `nodes.${dns.ingress}.${domain}`;

const argumentsOf = (
  cluster: Cluster,
  { web, websecure, hostNetwork }: { web: number; websecure: number; hostNetwork: boolean },
): readonly string[] => [
  "--global.checkNewVersion=false",
  "--global.sendAnonymousUsage=false",
  `--entryPoints.web.address=:${web}/tcp`,
  `--entryPoints.websecure.address=:${websecure}/tcp`,
  "--entryPoints.websecure.http.tls=true",
  `--entryPoints.ping.address=${hostNetwork ? "127.0.0.1" : ""}:${PING}/tcp`,
  "--ping=true",
  "--ping.entryPoint=ping",
  "--providers.kubernetesIngress=true",
  `--providers.kubernetesIngress.ingressEndpoint.hostname=${ingressName(cluster)}`,
  "--log.level=INFO",
];

const PLAIN = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};
/** Only root keeps a capability that a container is given, as its program has none of its own. */
const ON_LOW_PORTS = {
  ...PLAIN,
  runAsNonRoot: false,
  runAsUser: 0,
  runAsGroup: 0,
  capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
};
