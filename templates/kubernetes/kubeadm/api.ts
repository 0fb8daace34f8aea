/** The versions of kubeadm's configuration API, and how each of them spells what all of them say. kubernetes.io, "kubeadm Configuration". */
import { compare } from "../../../cluster/kubernetes/version.ts";

/** Newest first, with the first release that reads it; each is read by at least the releases up to the next one's first. */
const VERSIONS = [
  { api: "v1beta4", from: "1.31" },
  { api: "v1beta3", from: "1.22" },
  { api: "v1beta2", from: "1.15" },
] as const;
export type Api = (typeof VERSIONS)[number]["api"];

/** `release`: "1.36.4" or "1.36". Throws TypeError for one that no version here is for. */
export function apiOf(release: string): Api {
  const found = VERSIONS.find(({ from }) => compare(release, from) >= 0);
  if (!found) throw new TypeError(`kubeadm ${release} reads no configuration that is written here; write a release from 1.15 on`);
  return found.api;
}

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
