/** What makes a machine a node of Kubernetes: programs, containerd, kubelet, and how it comes into the cluster. */
import { dashed } from "../../../cluster/address.ts";
import type { Machine } from "../../../cluster/cluster.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { apiEndpoint } from "../../../cluster/kubernetes/endpoint.ts";
import { type PlanFile, type PlanPiece, textFile } from "../../../cluster/plan.ts";
import { controlPlanes, separateEtcd } from "../../../cluster/queries.ts";
import { render } from "../../render.ts";
import { type Part, placesOf } from "../artifacts.ts";
import { flags } from "../kubeadm/configuration.ts";
import { kubeadmPiece } from "../kubeadm/piece.ts";
import { orders } from "../orders/orders.ts";
import { podNetwork } from "../pod-network/bridge.ts";
import { releaseOf } from "./release.ts";

export const PROGRAMS = "/opt/bin";
const view = (name: string, values: object = {}): string => render(`kubernetes/node/${name}.eta`, values);

export function kubernetesNode(context: BootContext): PlanPiece {
  const release = releaseOf(context.cluster, context.machine);
  if (release === undefined) return keepsEtcdOnly(context) ? orders(context) : {};
  const bridge = podNetwork(context);
  const taken = orders(context);
  return {
    files: [
      ...programs(context, release),
      ...(kubeadmPiece(context).files ?? []),
      ...entry(context),
      ...hosts(context),
      ...(bridge.files ?? []),
      ...(taken.files ?? []),
    ],
    units: [
      { name: "sextant-programs.service", enabled: true, contents: view("programs.service") },
      { name: "containerd.service", enabled: true, contents: view("containerd.service") },
      {
        name: "kubelet.service",
        enabled: true,
        contents: view("kubelet.service"),
        dropins: [{ name: "10-kubeadm.conf", contents: view("kubeadm.conf") }],
      },
      { name: "sextant-kubernetes.service", enabled: true, contents: view("kubernetes.service") },
      ...(bridge.units ?? []),
      ...(taken.units ?? []),
    ],
  };
}

/** It is no node, and is ordered to bring its data back to a snapshot. */
const keepsEtcdOnly = ({ cluster, machine }: BootContext): boolean =>
  cluster.kubernetes.version !== undefined && separateEtcd(cluster).some(({ mac }) => mac === machine.mac);

/** Archives are unpacked on the node; whatever else there is lies ready to run. */
const ARCHIVES: readonly Part[] = ["containerd", "cniPlugins"];
export const archivePath = (part: Part): string => `/opt/sextant/programs/${part}.tar.gz`;

function programs({ machine }: BootContext, release: string): readonly PlanFile[] {
  const places = Object.entries(placesOf(release, machine.architecture)) as [Part, string][];
  return [
    ...places.map(([part, path]): PlanFile => {
      const archive = ARCHIVES.includes(part);
      return { path: archive ? archivePath(part) : `${PROGRAMS}/${part}`, mode: archive ? 0o644 : 0o755, content: { path } };
    }),
    textFile("/opt/sextant/programs/unpack", view("unpack.sh"), 0o755),
    textFile("/etc/crictl.yaml", view("crictl.conf")),
    textFile("/etc/profile.d/sextant.sh", view("profile.sh"), 0o644),
  ];
}

/** Without a virtual address the name is all control planes. What one of them starts asks the API server beside it, as long as that lives. */
function hosts({ cluster, machine }: BootContext): readonly PlanFile[] {
  if (cluster.kubernetes.virtualAddress) return [];
  const own = ({ mac }: Machine): boolean => mac === machine.mac;
  const inOrder = [...controlPlanes(cluster)].sort((a, b) => Number(own(b)) - Number(own(a)));
  const addresses = inOrder.flatMap(({ address }) => address ?? []);
  return addresses.length === 0 ? [] : [textFile("/etc/hosts", view("hosts.conf", { name: apiEndpoint(cluster).host, addresses }))];
}

/** The way into the cluster, and the check that it has been gone. */
function entry(context: BootContext): readonly PlanFile[] {
  const { cluster, machine, server } = context;
  const ownEtcd = machine.roles.includes("control-plane") && separateEtcd(cluster).length === 0;
  const values = {
    https: server.https,
    address: server.address,
    mac: dashed(machine.mac),
    name: machine.name,
    ownEtcd: ownEtcd ? "yes" : "no",
    ...flags(context),
    clock: cluster.network.ntp ? "yes" : "no",
  };
  return [
    textFile("/opt/sextant/kubernetes", view("kubernetes.sh", values), 0o755),
    textFile("/etc/sextant/ready.d/kubernetes", view("ready.sh", { name: machine.name }), 0o755),
  ];
}
