/** How each version of kubeadm's configuration API spells what all of them say. kubernetes.io, "kubeadm Configuration". */
import type { Api } from "../../../cluster/kubernetes/kubeadm-api.ts";

export const kubeadmDocument = (api: Api, kind: string) => ({ apiVersion: `kubeadm.k8s.io/${api}`, kind });

/** Flags without their dashes. Since v1beta4 they are a list, so that a flag may come twice. */
export const extraArgs = (api: Api, flags: Readonly<Record<string, string>>) =>
  api === "v1beta4" ? Object.entries(flags).map(([name, value]) => ({ name, value })) : flags;

/**
 * How long kubeadm waits for what a first boot on slow machines takes minutes for. Waiting longer costs nothing where it is not needed: kubeadm goes
 * on as soon as it may.
 */
const PATIENCE = "15m0s";

/** In InitConfiguration and JoinConfiguration. */
export const timeouts = (api: Api) =>
  api === "v1beta4"
    ? {
        timeouts: {
          controlPlaneComponentHealthCheck: PATIENCE,
          kubeletHealthCheck: PATIENCE,
          kubernetesAPICall: PATIENCE,
          etcdAPICall: PATIENCE,
          tlsBootstrap: PATIENCE,
          discovery: PATIENCE,
        },
      }
    : {};
/** In ClusterConfiguration.apiServer, and in JoinConfiguration.discovery. */
export const apiServerTimeout = (api: Api) => (api === "v1beta4" ? {} : { timeoutForControlPlane: PATIENCE });
export const discoveryTimeout = (api: Api) => (api === "v1beta4" ? {} : { timeout: PATIENCE });
