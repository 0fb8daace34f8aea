/** kubeadm's configuration of a node: what a cluster is founded with, and what joins it. Placeholders stand for what is known only on the node. */
import type { BootContext } from "../../../cluster/extension.ts";
import { API_PORT } from "../../../cluster/kubernetes/endpoint.ts";
import { isExact } from "../../../cluster/kubernetes/version.ts";
import { documents } from "../documents.ts";
import { type Api, apiOf, discoveryTimeout, kubeadmDocument, timeouts } from "./api.ts";
import { clusterConfiguration, deploysDns } from "./cluster-configuration.ts";
import { kubeletConfiguration, kubeProxyConfiguration } from "./component-configuration.ts";
import { nodeRegistration } from "./node-registration.ts";

/** What the node's own script puts in: its address, and what the bootstrapper answers. */
export const PLACEHOLDERS = { address: "@ADDRESS@", token: "@TOKEN@", endpoint: "@ENDPOINT@", caHash: "@CA_HASH@" } as const;

/** For `kubeadm init --config`; control planes only. */
export function foundConfiguration(context: BootContext): string {
  const { release, api } = releaseOf(context);
  return documents([
    initConfiguration(context, api),
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
      ...timeouts(api),
    },
  ]);
}

/** What `kubeadm init` of this release must be told on its command line, because its configuration has no word for it. */
export const foundingFlags = (context: BootContext): readonly string[] =>
  releaseOf(context).api === "v1beta2" && !deploysDns(context.cluster) ? ["--skip-phases=addon/coredns"] : [];

const localAPIEndpoint = { advertiseAddress: PLACEHOLDERS.address, bindPort: API_PORT };

const initConfiguration = (context: BootContext, api: Api) => ({
  ...kubeadmDocument(api, "InitConfiguration"),
  nodeRegistration: nodeRegistration(context, releaseOf(context).release, "found"),
  localAPIEndpoint,
  // v1beta4 says it in ClusterConfiguration, where upgrades see it too.
  ...(api === "v1beta3" && !deploysDns(context.cluster) && { skipPhases: ["addon/coredns"] }),
  ...timeouts(api),
});

/** The machine's own release: it is its own kubeadm that reads this. */
function releaseOf({ cluster, machine }: BootContext): { readonly release: string; readonly api: Api } {
  const release = machine.kubernetes ?? cluster.kubernetes.version;
  if (release === undefined || !isExact(release)) {
    throw new TypeError(
      `${machine.name} has no exact release of Kubernetes (${release ?? "none"}); resolve the cluster with sextant.lock first`,
    );
  }
  return { release, api: apiOf(release) };
}
