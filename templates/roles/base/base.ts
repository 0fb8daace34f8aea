/** What every node gets, whatever its role: name, administrator, certificate, time, containers, and its voice back to the bootstrapper. */
import { dashed } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { imageReference, registryHost } from "../../../cluster/image-reference.ts";
import { releaseImages } from "../../../cluster/kubernetes/releases.ts";
import { layout } from "../../../cluster/layout.ts";
import { type PlanFile, type PlanPiece, textFile, type Unit } from "../../../cluster/plan.ts";
import { pauseImage, releaseOf } from "../../kubernetes/node/release.ts";
import { render } from "../../render.ts";

const REGISTRY_PORT = 5000;

export function base(context: BootContext): PlanPiece {
  return {
    users: [{ name: "core", groups: ["sudo"], sshKeys: context.cluster.sshKeys }],
    files: [...identity(context), ...certificates(context), ...time(context), ...containers(context), ...voice(context)],
    units: units(context),
    readyWhen: ["containerd.service"],
  };
}

/** Only a machine that the description lists has a certificate and a token; an unlisted worker gets no secret at all. */
export const isListed = ({ cluster, machine }: BootContext): boolean => cluster.machines.some(({ mac }) => mac === machine.mac);

const identity = ({ machine }: BootContext): readonly PlanFile[] => [
  textFile("/etc/hostname", lines([machine.name])),
  textFile("/etc/sextant/roles", lines(machine.roles)),
  textFile("/etc/sextant/labels", lines(Object.entries(machine.labels).map(([key, value]) => `${key}=${value}`))),
  textFile("/etc/sudoers.d/sextant", render("roles/base/sudoers.conf.eta", {}), 0o440),
  textFile("/etc/ssh/sshd_config.d/10-sextant.conf", render("roles/base/sshd.conf.eta", {})),
];

function certificates(context: BootContext): readonly PlanFile[] {
  const { mac } = context.machine;
  const ca = textFile("/etc/sextant/ca.pem", context.server.ca);
  if (!isListed(context)) return [ca];
  return [
    ca,
    { path: "/etc/sextant/node.crt", mode: 0o644, content: { secret: { tls: layout.tls.machine(mac) } } },
    { path: "/etc/sextant/node.key", mode: 0o600, content: { secret: { tls: layout.tls.machineKey(mac) } } },
    { path: "/etc/sextant/report-token", mode: 0o600, content: { secret: { grant: "report-token" } } },
  ];
}

const time = ({ cluster, server }: BootContext): readonly PlanFile[] =>
  cluster.network.ntp
    ? [textFile("/etc/systemd/timesyncd.conf.d/10-sextant.conf", render("roles/base/timesyncd.conf.eta", { server: server.address }))]
    : [];

/** Registries whose images are asked for by name in manifests everywhere, also where none of their images is served. */
const USUAL_ORIGINS = ["docker.io", "ghcr.io", "quay.io", "registry.k8s.io"];

const containers = ({ cluster, machine, server }: BootContext): readonly PlanFile[] => [
  textFile(
    "/etc/containerd/config.toml",
    render("roles/base/containerd.toml.eta", { pause: pauseImage(cluster, machine) ?? "", gpu: machine.gpu !== undefined }),
  ),
  ...["_default", ...namedOrigins(cluster)].flatMap((origin) => hosts(origin, cluster, server)),
  textFile("/etc/modules-load.d/10-sextant.conf", render("roles/base/modules.conf.eta", {})),
  textFile("/etc/sysctl.d/90-sextant.conf", render("roles/base/sysctl.conf.eta", {})),
];

/** Whom containerd asks for the images of a registry, and by whose certificates it believes them. */
function hosts(origin: string, { kubernetes }: BootContext["cluster"], server: BootContext["server"]): readonly PlanFile[] {
  const folder = `/etc/containerd/certs.d/${origin.replace(/:(\d+)$/, "_$1_")}`; // host_port_, as a colon may not be everywhere in a path
  const registry = `https://${server.address}:${REGISTRY_PORT}/v2${origin === "_default" ? "" : `/${origin.replace(":", "_")}`}`;
  const own = kubernetes.imagePullSecrets.filter((secret) => secret.registry === origin);
  const believed = [...new Set(own.flatMap(({ ca }) => ca ?? []))].join("");
  const itself = own.length > 0 && {
    url: `https://${registryHost(origin)}`,
    ca: believed === "" ? undefined : `${folder}/ca.pem`,
  };
  return [
    textFile(`${folder}/hosts.toml`, render("roles/base/hosts.toml.eta", { registry, ca: "/etc/sextant/ca.pem", itself })),
    ...(believed === "" ? [] : [textFile(`${folder}/ca.pem`, believed)]),
  ];
}

/** Registries that nodes know by name: they ask ours for what is below it. Images of all others they ask for as if there were one registry only. */
export const namedOrigins = (cluster: BootContext["cluster"]): readonly string[] => {
  const named = [...cluster.images, ...releaseImages(cluster)].map((image) => imageReference(image).origin);
  return [...new Set([...USUAL_ORIGINS, ...named, ...passwordOrigins(cluster)])].sort();
};

/** Registries that pods have a password for: what ours does not have, nodes ask of them. */
const passwordOrigins = ({ kubernetes: { imagePullSecrets } }: BootContext["cluster"]): readonly string[] =>
  imagePullSecrets.map(({ registry }) => registry);

/** The DNS check makes sense only where machines ask our DNS: not beside a site's own DHCP or name servers. */
function voice({ cluster, machine, server }: BootContext): readonly PlanFile[] {
  const { bootstrapperName, nameServers, dhcp, ntp } = cluster.network;
  const ours = dhcp === "serve" && nameServers.includes(server.address);
  const bootstrapper = ours ? `${bootstrapperName}.${cluster.domain}` : "";
  return [
    textFile("/opt/sextant/report", render("roles/base/report.sh.eta", { https: server.https, mac: dashed(machine.mac) }), 0o755),
    textFile("/opt/sextant/ready", render("roles/base/ready.sh.eta", { address: server.address, bootstrapper, clock: ntp }), 0o755),
  ];
}

/** What /opt/sextant/ready waits for, once all roles have said it. */
export const readyList = (readyWhen: readonly string[]): PlanPiece => ({ files: [textFile("/etc/sextant/ready-when", lines(readyWhen))] });

const units = ({ cluster, machine }: BootContext): readonly Unit[] => [
  { name: "sextant-configuring.service", enabled: true, contents: render("roles/base/configuring.service.eta", {}) },
  { name: "sextant-ready.service", enabled: true, contents: render("roles/base/ready.service.eta", {}) },
  {
    name: "containerd.service",
    enabled: true,
    ...(releaseOf(cluster, machine) === undefined && {
      dropins: [{ name: "10-sextant.conf", contents: render("roles/base/containerd.conf.eta", {}) }],
    }),
  },
  ...(cluster.network.ntp ? [{ name: "systemd-timesyncd.service", enabled: true }] : []),
];

/** One item a line; an item with its own line break would be two. */
function lines(items: readonly string[]): string {
  for (const item of items) {
    if (/[\r\n\0]/.test(item)) throw new TypeError(`${JSON.stringify(item)} has a line break; write it on one line`);
  }
  return items.map((item) => `${item}\n`).join("");
}
