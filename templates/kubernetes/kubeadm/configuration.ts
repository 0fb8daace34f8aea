/** kubeadm's configuration of a node: what a cluster is founded with, and what joins it. Placeholders stand for what is known only on the node. */
import type { BootContext } from "../../../cluster/extension.ts";
import { API_PORT } from "../../../cluster/kubernetes/endpoint.ts";
import { type Api, apiOf } from "../../../cluster/kubernetes/kubeadm-api.ts";
import { isExact } from "../../../cluster/kubernetes/version.ts";
import { documents } from "../documents.ts";
import { discoveryTimeout, kubeadmDocument, timeouts } from "./api.ts";
import { clusterConfiguration, deploysDns } from "./cluster-configuration.ts";
import { kubeletConfiguration, kubeProxyConfiguration } from "./component-configuration.ts";
import { nodeRegistration } from "./node-registration.ts";
import { patchesConfiguration, patchesFlag } from "./patches.ts";

/** What the node's own script puts in: its address, and what the bootstrapper answers. */
export const PLACEHOLDERS = { address: "@ADDRESS@", token: "@TOKEN@", endpoint: "@ENDPOINT@", caHash: "@CA_HASH@" } as const;

/** For `kubeadm init --config`; control planes only. */
export function foundConfiguration(context: BootContext): string {
  const { release, api } = releaseOf(context);
  return documents([
    initConfiguration(context, release, api),
    clusterConfiguration(context, release),
    kubeletConfiguration(context),
    kubeProxyConfiguration(context),
  ]);
}

/** For `kubeadm join --config`. */
export function joinConfiguration(context: BootContext): string {
  const { release, api } = releaseOf(context);
  return documents([
    {
      ...kubeadmDocument(api, "JoinConfiguration"),
      nodeRegistration: nodeRegistration(context, release, "join"),
      discovery: {
        bootstrapToken: { token: PLACEHOLDERS.token, apiServerEndpoint: PLACEHOLDERS.endpoint, caCertHashes: [PLACEHOLDERS.caHash] },
        ...discoveryTimeout(api),
      },
      ...(context.machine.roles.includes("control-plane") && { controlPlane: { localAPIEndpoint } }),
      ...patchesConfiguration(context, release),
      ...timeouts(api),
    },
  ]);
}

/** What kubeadm of this release must be told on its command line, because its configuration has no word for it; "" where there is nothing to say. */
interface Flags {
  /** Of `init`. */
  readonly skip: string;
  /** Of `init` and `join`. */
  readonly patches: string;
}

export function flags(context: BootContext): Flags {
  const { release, api } = releaseOf(context);
  const founds = context.machine.roles.includes("control-plane");
  return {
    skip: founds && api === "v1beta2" && !deploysDns(context.cluster) ? "--skip-phases=addon/coredns" : "",
    patches: patchesFlag(context, release),
  };
}

const localAPIEndpoint = { advertiseAddress: PLACEHOLDERS.address, bindPort: API_PORT };

const initConfiguration = (context: BootContext, release: string, api: Api) => ({
  ...kubeadmDocument(api, "InitConfiguration"),
  // One is made in any case, for a day, and printed; ours come from the bootstrapper, each for one machine.
  bootstrapTokens: [{ ttl: "1m0s" }],
  nodeRegistration: nodeRegistration(context, release, "found"),
  localAPIEndpoint,
  // v1beta4 says it in ClusterConfiguration, where upgrades see it too.
  ...(api === "v1beta3" && !deploysDns(context.cluster) && { skipPhases: ["addon/coredns"] }),
  ...patchesConfiguration(context, release),
  ...timeouts(api),
});

/** The machine's own release: it is its own kubeadm that reads this. */
export function releaseOf({ cluster, machine }: BootContext): { readonly release: string; readonly api: Api } {
  const release = machine.kubernetes ?? cluster.kubernetes.version;
  if (release === undefined || !isExact(release)) {
    throw new TypeError(
      `${machine.name} has no exact release of Kubernetes (${release ?? "none"}); resolve the cluster with sextant.lock first`,
    );
  }
  return { release, api: apiOf(release) };
}
