/** external-dns: the names of services and ingresses come into our DNS by signed updates. */
import type { Cluster, TsigKey } from "../../../cluster/cluster.ts";
import type { AddOn, AddOnContext } from "../../../cluster/extension.ts";
import { keysForExternalDns } from "../../../cluster/kubernetes/external-dns.ts";
import { written } from "../written.ts";

export const externalDns: AddOn = {
  name: "external-dns",
  manifests: (context) =>
    written("external-dns/external-dns", {
      image: `registry.k8s.io/external-dns/external-dns:${context.settings["version"]}`,
      args: argumentsOf(context, keyOf(context)),
    }),
  secrets: (context, find) => [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "tsig", namespace: "external-dns" },
      type: "Opaque",
      stringData: { secret: find.tsig(keyOf(context).name) },
    },
  ],
};

const keyOf = ({ cluster, settings }: AddOnContext): TsigKey => {
  const [key] = keysForExternalDns(cluster.dns.keys, settings["key"]);
  if (!key) throw new TypeError("no key of dns.keys may both update and transfer; write one that may");
  return key;
};

/** One name for each update: an update is done whole or not at all, and a name that the description holds is refused. */
const argumentsOf = ({ cluster, settings, server }: AddOnContext, { name, algorithm }: TsigKey): readonly string[] => [
  "--source=service",
  "--source=ingress",
  "--provider=rfc2136",
  `--rfc2136-host=${server.address}`,
  "--rfc2136-port=53",
  `--rfc2136-zone=${cluster.domain}`,
  `--rfc2136-tsig-keyname=${name}`,
  `--rfc2136-tsig-secret-alg=${algorithm}`,
  "--rfc2136-tsig-axfr",
  "--rfc2136-batch-change-size=1",
  `--domain-filter=${cluster.domain}`,
  `--policy=${settings["policy"]}`,
  "--registry=txt",
  `--txt-owner-id=${ownerOf(cluster)}`,
  // An alias stands alone at its name, so its mark has another.
  "--txt-prefix=external-dns-",
  "--interval=1m",
];

const ownerOf = ({ name }: Cluster): string => name;
