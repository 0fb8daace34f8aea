/** What kubeadm writes otherwise into its static pods than it would by itself. kubernetes.io, "Customizing components with the kubeadm API", "patches". */
import type { BootContext } from "../../../cluster/extension.ts";
import { apiOf } from "../../../cluster/kubernetes/kubeadm-api.ts";
import { compare } from "../../../cluster/kubernetes/version.ts";
import { type PlanFile, textFile } from "../../../cluster/plan.ts";
import { separateEtcd } from "../../../cluster/queries.ts";
import { documents } from "../documents.ts";

/** A folder; its files are called after the container that they change. */
export const PATCHES = "/etc/kubernetes/sextant/patches";

/** How often in a row the kubelet, asking every ten seconds, may get no answer before it restarts the container; kubeadm's eight are 80 seconds. */
const PATIENT = { failureThreshold: 24 };
/** An API server without etcd has nothing to gain from a restart: it would not come up, and not for minutes once etcd is back. */
const API_SERVER = { livenessProbe: { httpGet: { path: "/livez?exclude=etcd" }, ...PATIENT } };
/** Up to 3.4 etcd calls itself unhealthy as long as it has no leader, which a restart does not give it either. */
const ETCD = { livenessProbe: PATIENT };
/** A kubelet that was just started does not know its disk yet, refuses the pod that asks for some of it, and does not try again. */
const ASKS_NO_DISK = { resources: { requests: { "ephemeral-storage": null } } };

/** Only control planes have static pods, and kubeadm reads patches from 1.19 on. */
const arePatched = ({ machine }: BootContext, release: string): boolean =>
  machine.roles.includes("control-plane") && compare(release, "1.19") >= 0;

export function patches(context: BootContext, release: string): readonly PlanFile[] {
  if (!arePatched(context, release)) return [];
  const patch = (name: string, container: object): PlanFile =>
    textFile(`${PATCHES}/${name}.yaml`, documents([{ spec: { containers: [{ name, ...container }] } }]), 0o600);
  const asks = compare(release, "1.21") < 0 ? ASKS_NO_DISK : {};
  return [patch("kube-apiserver", API_SERVER), ...(separateEtcd(context.cluster).length > 0 ? [] : [patch("etcd", { ...ETCD, ...asks })])];
}

/** In InitConfiguration and JoinConfiguration of a control plane. */
export const patchesConfiguration = (context: BootContext, release: string) =>
  apiOf(release) !== "v1beta2" && arePatched(context, release) ? { patches: { directory: PATCHES } } : {};

/** For `kubeadm init` and `kubeadm join`, whose configuration had no word for it yet; "" where there is nothing to say. */
export const patchesFlag = (context: BootContext, release: string): string =>
  apiOf(release) === "v1beta2" && arePatched(context, release) ? `--experimental-patches=${PATCHES}` : "";
