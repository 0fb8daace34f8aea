/** Every operating system, every role and every add-on there is: a new one is a folder and a line here. */
import type { Mac } from "../cluster/address.ts";
import type { Os, OsName, RoleName } from "../cluster/cluster.ts";
import type { AddOn, BootContext, OsTarget, Role } from "../cluster/extension.ts";
import type { AddOnName } from "../cluster/kubernetes/addons.ts";
import { mergePieces, type NodePlan } from "../cluster/plan.ts";
import { calico } from "./addons/calico/addon.ts";
import { certManager } from "./addons/cert-manager/addon.ts";
import { cilium } from "./addons/cilium/addon.ts";
import { coredns } from "./addons/coredns/addon.ts";
import { externalDns } from "./addons/external-dns/addon.ts";
import { flannel } from "./addons/flannel/addon.ts";
import { headlamp } from "./addons/headlamp/addon.ts";
import { imagePullSecrets } from "./addons/image-pull-secrets/addon.ts";
import { kubePrometheus } from "./addons/kube-prometheus/addon.ts";
import { kubeRouter } from "./addons/kube-router/addon.ts";
import { localPath } from "./addons/local-path/addon.ts";
import { metricsServer } from "./addons/metrics-server/addon.ts";
import { nodeProblemDetector } from "./addons/node-problem-detector/addon.ts";
import { nvidiaDevicePlugin } from "./addons/nvidia-device-plugin/addon.ts";
import { opensearch } from "./addons/opensearch/addon.ts";
import { rookCeph } from "./addons/rook-ceph/addon.ts";
import { traefik } from "./addons/traefik/addon.ts";
import { type MenuLoader, menus } from "./boot/menus.ts";
import * as scripts from "./boot/scripts.ts";
import { kubernetesNode } from "./kubernetes/node/node.ts";
import { virtualAddressPiece } from "./kubernetes/virtual-address/virtual-address.ts";
import { debian } from "./os/debian/target.ts";
import { enterpriseLinux } from "./os/enterprise-linux/target.ts";
import { fedoraCoreOs } from "./os/fedora-coreos/target.ts";
import { flatcar } from "./os/flatcar/target.ts";
import { rawImage } from "./os/raw-image/target.ts";
import { ubuntu } from "./os/ubuntu/target.ts";
import { base, readyList } from "./roles/base/base.ts";
import { controlPlane } from "./roles/control-plane/role.ts";
import { etcd } from "./roles/etcd/role.ts";
import { ingress } from "./roles/ingress/role.ts";
import { storage } from "./roles/storage/role.ts";
import { worker } from "./roles/worker/role.ts";

export { loaderArtifacts } from "./boot/loaders.ts";
export type { MenuLoader } from "./boot/menus.ts";
export { namedOrigins } from "./roles/base/base.ts";

export const osTargets: Readonly<Record<OsName, OsTarget>> = {
  flatcar,
  "fedora-coreos": fedoraCoreOs,
  "enterprise-linux": enterpriseLinux,
  debian,
  ubuntu,
  "raw-image": rawImage,
};

export const roles: Readonly<Record<RoleName, Role>> = { "control-plane": controlPlane, worker, etcd, ingress, storage };

/** In the order of their rows in cluster/kubernetes/addons.ts. */
export const addOns: Readonly<Record<AddOnName, AddOn>> = {
  "image-pull-secrets": imagePullSecrets,
  flannel,
  calico,
  cilium,
  "kube-router": kubeRouter,
  coredns,
  "metrics-server": metricsServer,
  traefik,
  "local-path": localPath,
  headlamp,
  "cert-manager": certManager,
  "external-dns": externalDns,
  "node-problem-detector": nodeProblemDetector,
  "nvidia-device-plugin": nvidiaDevicePlugin,
  "rook-ceph": rookCeph,
  "kube-prometheus": kubePrometheus,
  opensearch,
};

export const osTarget = (os: Os): OsTarget => osTargets[os.target];

/** What a machine is to become: what every node gets, and what each of its roles adds. Throws TypeError when two pieces want one path. */
export function nodePlan(context: BootContext): NodePlan {
  const pieces = [
    { from: "what every node gets", ...base(context) },
    { from: `system ${context.os.target}`, ...osTarget(context.os).pieces?.(context) },
    { from: "Kubernetes", ...kubernetesNode(context) },
    virtualAddressPiece(context),
    ...context.machine.roles.map((name) => ({ from: `role ${name}`, ...roles[name].pieces(context) })),
  ];
  const { readyWhen } = mergePieces(context.cluster, context.machine, pieces);
  return mergePieces(context.cluster, context.machine, [...pieces, readyList(readyWhen)]);
}

/** What iPXE is told for each answer of nextBoot, and the script of /install.sh. */
export const bootScripts = {
  install: (context: BootContext): string => scripts.install(context, osTarget(context.os).live(context)),
  local: scripts.local,
  discover: scripts.discover,
  nothing: scripts.nothing,
  wayIn: scripts.wayIn,
} as const;

/** What other loaders than iPXE are told, in the same cases and the same words. */
export const bootMenus = {
  install: (loader: MenuLoader, context: BootContext): string => menus[loader].install(context, osTarget(context.os).live(context)),
  local: (loader: MenuLoader, name: string): string => menus[loader].local(scripts.saysLocal(name)),
  discover: (loader: MenuLoader, mac: Mac, name?: string): string => menus[loader].local(scripts.saysDiscover(mac, name)),
  /** For whoever asks as a machine it is not: what an unlisted machine gets. */
  stranger: (loader: MenuLoader, says: string): string => menus[loader].local(says),
  nothing: (loader: MenuLoader, because: string): string => menus[loader].nothing(because),
} as const;
