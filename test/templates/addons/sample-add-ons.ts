/** Every add-on as a sample rack would get it, made of small files in the shape of what their projects publish. */
import { readFileSync } from "node:fs";
import { addOnArtifacts } from "../../../bsroot-builder/addons/gather.ts";
import { type Prepared, prepareAddOns } from "../../../bsroot-builder/addons/prepare.ts";
import { ipv4, mac } from "../../../cluster/address.ts";
import type { AddOnChoice, Cluster, PodNetwork } from "../../../cluster/cluster.ts";
import { type AddOnName, addOnNames, rowOf } from "../../../cluster/kubernetes/addons.ts";
import { layout } from "../../../cluster/layout.ts";
import { cluster, machine } from "../sample.ts";

const PULL_SECRETS = [
  { name: "company", registry: "registry.corp.lan:5000", namespaces: ["default", "shop"] },
  { name: "hub", registry: "docker.io", namespaces: ["shop"] },
];
const RENDERED = /\.tgz$/;

export function rackWith(addons: readonly AddOnChoice[], podNetwork: PodNetwork = "none", given: Partial<Cluster> = {}): Cluster {
  const plain = cluster([
    machine(),
    machine({ mac: mac("52:54:00:00:00:12"), name: "worker-1", address: ipv4("10.0.0.12"), roles: ["worker", "ingress", "storage"] }),
    machine({ mac: mac("52:54:00:00:00:13"), name: "worker-2", address: ipv4("10.0.0.13"), roles: ["worker", "storage"] }),
  ]);
  const keys = [{ name: "cluster", algorithm: "hmac-sha256", may: ["update", "transfer"] }] as const;
  return {
    ...plain,
    dns: { ...plain.dns, keys },
    kubernetes: { ...plain.kubernetes, version: "1.36.2", clusterDns: "none", podNetwork, addons },
    ...given,
  };
}

/** Only this one, with all others of the description that it works with. */
export function rackWithOne(name: AddOnName, settings: AddOnChoice["settings"] = {}): Cluster {
  const { podNetwork } = rowOf(name);
  const beside = name === "traefik" ? [] : [{ name: "traefik", settings: {} }];
  if (name === "image-pull-secrets") {
    const rack = rackWith([]);
    return { ...rack, kubernetes: { ...rack.kubernetes, imagePullSecrets: PULL_SECRETS } };
  }
  if (name === "coredns") {
    const rack = rackWith([{ name, settings }]);
    return { ...rack, kubernetes: { ...rack.kubernetes, clusterDns: "coredns" } };
  }
  return podNetwork ? rackWith([{ name, settings }], podNetwork) : rackWith([{ name, settings }, ...beside]);
}

/** What would have been fetched, and rendered. */
export const fetchedFor = (rack: Cluster): ReadonlyMap<string, string> =>
  new Map(
    addOnArtifacts(rack).map(({ path }) => {
      const [name, , file] = path.slice(layout.addons.length + 1).split("/");
      return [path, readFileSync(`test/fixtures/addons/${name}/${RENDERED.test(path) ? "rendered.yaml" : file}`, "utf8")] as const;
    }),
  );

export function preparedOne(name: AddOnName, settings: AddOnChoice["settings"] = {}): Prepared {
  const rack = rackWithOne(name, settings);
  return prepareAddOns(rack, fetchedFor(rack)).find((one) => one.name === name)!;
}

export const everyAddOn = addOnNames;
