/** The add-ons there are, in the order in which they are applied, and what a description may say of each. What they consist of is in templates/addons. */
import type { AddOnChoice, Kubernetes, PodNetwork, RoleName } from "../cluster.ts";
import * as kubernetesValues from "../description/kubernetes-values.ts";
import { nearest } from "../description/suggest.ts";
import * as values from "../description/values.ts";
import type { AddOnSetting } from "../extension.ts";

export interface AddOnRow {
  readonly summary: string;
  /** Some machine must have this role. */
  readonly needs?: RoleName;
  /** Some machine must have this label, with the value "true". */
  readonly needsLabel?: string;
  /** It is not chosen under `addons` but is the pod network of this name. */
  readonly podNetwork?: PodNetwork;
  /** It is not chosen under `addons` but is there when this list of the block `kubernetes` is not empty. */
  readonly listed?: "imagePullSecrets";
  /** What people call it, or what they had in its place elsewhere. */
  readonly otherNames?: readonly string[];
  readonly settings: Readonly<Record<string, AddOnSetting>>;
}

const setting = (summary: string, otherwise: string, read: (text: string) => string): AddOnSetting => ({ summary, otherwise, read });
const version = (otherwise: string, of = "image"): AddOnSetting => setting(`The ${of}'s version.`, otherwise, kubernetesValues.imageTag);
const yesNo = (summary: string, otherwise: "yes" | "no"): AddOnSetting =>
  setting(summary, otherwise, (text) => (values.yesNo(text) ? "yes" : "no"));
const number = (summary: string, otherwise: string, least: number, most: number): AddOnSetting =>
  setting(summary, otherwise, (text) => String(values.count(least, most)(text)));
const oneOf = (summary: string, ...names: readonly [string, ...string[]]): AddOnSetting => setting(summary, names[0], values.oneOf(names));
/** `otherwise` is the empty text, which nobody can ask for: what it is then follows from the description. */
const optional = (summary: string, read: (text: string) => string): AddOnSetting => setting(summary, "", read);
const folder = (text: string): string => {
  if (!/^(\/[A-Za-z0-9][\w.-]*)+$/.test(text)) throw new TypeError(`"${text}" is not a folder; write an absolute path, as in /opt/volumes`);
  return text;
};
const addresses = (text: string): string =>
  text
    .split(/[ ,]+/)
    .filter((one) => one !== "")
    .map(values.hostOrAddress)
    .join(" ");

/** Of nodes that have a GPU, as NVIDIA's own feature discovery labels them. */
export const GPU_LABEL = "nvidia.com/gpu.present";

export const ADD_ONS = {
  "image-pull-secrets": {
    summary: "what pods show to registries that want a password",
    listed: "imagePullSecrets",
    otherNames: ["imagePullSecrets", "image_pull_secrets", "pull-secrets", "registry-creds"],
    settings: {},
  },
  flannel: {
    summary: "Flannel carries packets between pods",
    podNetwork: "flannel",
    settings: {
      version: version("v0.28.9"),
      cniPlugin: version("v1.9.1-flannel3", "CNI plugin image"),
      nftables: oneOf(
        "Whether it writes nftables in place of iptables; auto: when some machine runs Enterprise Linux 10.",
        "auto",
        "yes",
        "no",
      ),
      interface: optional("The network interface between nodes; the one with the default route when absent.", values.interfaceName),
    },
  },
  calico: {
    summary: "Calico carries packets between pods and enforces network policies",
    podNetwork: "calico",
    settings: {
      version: version("v3.32.2"),
      encapsulation: oneOf("How packets travel between nodes of different subnets.", "vxlan", "ipip", "none"),
    },
  },
  cilium: {
    summary: "Cilium carries packets between pods with eBPF and enforces network policies",
    podNetwork: "cilium",
    settings: {
      version: version("1.20.2", "chart"),
      hubble: yesNo("Whether its observer has a relay and a page.", "no"),
    },
  },
  "kube-router": {
    summary: "kube-router carries packets between pods over BGP routes and enforces network policies",
    podNetwork: "kube-router",
    otherNames: ["kuberouter"],
    settings: { version: version("v2.11.1") },
  },
  coredns: {
    summary: "settings of the cluster's DNS, which kubeadm deploys",
    otherNames: ["dns", "kubedns", "kube-dns"],
    settings: {
      forward: optional("Servers for all names outside the cluster; the network's name servers when absent.", addresses),
      cache: number("Seconds that answers are kept.", "30", 0, 3600),
      log: yesNo("Whether every question is logged.", "no"),
    },
  },
  "metrics-server": {
    summary: "what nodes and pods use, for kubectl top and autoscalers",
    otherNames: ["metric-server", "metrics", "heapster"],
    settings: { version: version("v0.9.0"), replicas: number("How many of it run.", "1", 1, 9) },
  },
  traefik: {
    summary: "Traefik takes HTTP from outside on the ingress nodes",
    needs: "ingress",
    otherNames: ["ingress", "ingress-nginx", "nginx-ingress"],
    settings: {
      version: version("v3.7.14"),
      hostNetwork: yesNo("Whether it has ports 80 and 443 of the ingress nodes; else two node ports.", "yes"),
      httpNodePort: number("The node port for HTTP, without hostNetwork.", "30080", 1, 65535),
      httpsNodePort: number("The node port for HTTPS, without hostNetwork.", "30443", 1, 65535),
      default: yesNo("Whether ingresses without a class are its own.", "yes"),
    },
  },
  "local-path": {
    summary: "volumes in a folder of the node that a pod runs on",
    otherNames: ["local-path-provisioner", "local-storage", "hostpath"],
    settings: {
      version: version("v0.0.36"),
      helper: version("1.37.0", "helper image busybox"),
      folder: setting("Where volumes lie on the nodes.", "/opt/local-path-provisioner", folder),
      default: yesNo("Whether claims without a class are its own.", "yes"),
    },
  },
  headlamp: {
    summary: "a web page that shows the cluster",
    otherNames: ["dashboard", "kubernetes-dashboard"],
    settings: {
      version: version("v0.45.0"),
      host: optional("Its name through the ingress; headlamp.<ingress>.<domain> when absent.", values.domainName),
    },
  },
  "cert-manager": {
    summary: "certificates for what runs in the cluster, from an authority that ours stands behind",
    otherNames: ["certmanager", "letsencrypt"],
    settings: { version: version("v1.21.2") },
  },
  "external-dns": {
    summary: "names of services and ingresses in the bootstrapper's DNS",
    otherNames: ["externaldns"],
    settings: {
      version: version("v0.21.0"),
      key: optional("Which of dns.keys it signs with; the only one that may update and transfer when absent.", values.domainName),
      policy: oneOf("Whether it removes names again, or only writes them.", "sync", "upsert-only"),
    },
  },
  "node-problem-detector": {
    summary: "what a node's kernel complains of becomes conditions and events of the Node",
    otherNames: ["npd"],
    settings: { version: version("v1.36.0") },
  },
  "nvidia-device-plugin": {
    summary: "GPUs that pods can ask for, on nodes that have the driver and the container toolkit",
    otherNames: ["nvidia", "gpu", "set_gpu", "nvidia-gpu", "gpu-operator"],
    needsLabel: GPU_LABEL,
    settings: { version: version("v0.18.2") },
  },
  "rook-ceph": {
    summary: "Ceph on the storage nodes: block volumes and a shared file system",
    needs: "storage",
    otherNames: ["ceph", "rook"],
    settings: {
      version: version("v1.20.7"),
      ceph: version("v20.2.4", "Ceph image"),
      devices: oneOf("Which disks it takes: all that are empty, or none until you name them in the CephCluster.", "empty", "none"),
      default: yesNo("Whether claims without a class are block volumes of it.", "no"),
    },
  },
  "kube-prometheus": {
    summary: "Prometheus, Alertmanager, Grafana and what they measure with",
    otherNames: ["prometheus", "altermanager", "alertmanager", "grafana", "monitoring", "prometheus-operator", "kube-prometheus-stack"],
    settings: {
      version: version("91.5.1", "chart"),
      retention: setting("How long measurements are kept.", "10d", (text) => {
        if (!/^\d{1,4}[hdwy]$/.test(text))
          throw new TypeError(`"${text}" is not a length of time; write a number with h, d, w or y, as in 10d`);
        return text;
      }),
      storage: optional("The size of Prometheus' volume; without one its data die with its pod.", kubernetesValues.quantity),
    },
  },
  opensearch: {
    summary: "OpenSearch with the logs of all pods, gathered by Fluent Bit",
    otherNames: ["es", "elasticsearch", "elastic", "filebeat", "metricbeat", "fluent-bit", "fluentd", "logging", "efk"],
    settings: {
      version: version("3.8.0"),
      fluentBit: version("4.2.3", "Fluent Bit image"),
      storage: optional("The size of its volume; without one the logs die with its pod.", kubernetesValues.quantity),
      heap: setting("Memory for Java.", "1g", (text) => {
        if (!/^\d{1,5}[mg]$/.test(text)) throw new TypeError(`"${text}" is not a heap's size; write a number with m or g, as in 1g`);
        return text;
      }),
    },
  },
} as const satisfies Readonly<Record<string, AddOnRow>>;

export type AddOnName = keyof typeof ADD_ONS;
export const addOnNames = Object.keys(ADD_ONS) as readonly AddOnName[];
export const isAddOn = (name: string): name is AddOnName => Object.hasOwn(ADD_ONS, name);
export const rowOf = (name: AddOnName): AddOnRow => ADD_ONS[name];

/** The name that somebody probably meant. */
export function meantAddOn(written: string): AddOnName | undefined {
  const plain = written.toLowerCase().replaceAll("_", "-");
  const other = addOnNames.find((name) => rowOf(name).otherNames?.some((one) => one.replaceAll("_", "-") === plain));
  const near = nearest(plain, addOnNames);
  return other ?? (near !== undefined && isAddOn(near) ? near : undefined);
}

export interface ChosenAddOn {
  readonly name: AddOnName;
  /** Every one that the add-on has, read. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * In the order in which they are applied, with those that follow from other fields than `addons`. Throws TypeError for a setting that is
 * none, which no checked description has.
 */
export function chosenAddOns({ version, podNetwork, clusterDns, addons, ...lists }: Kubernetes): readonly ChosenAddOn[] {
  if (version === undefined) return [];
  const written = new Map<string, AddOnChoice["settings"]>(addons.map(({ name, settings }) => [name, settings]));
  const isChosen = (name: AddOnName): boolean => {
    const { podNetwork: network, listed } = rowOf(name);
    if (listed !== undefined) return lists[listed].length > 0;
    if (network !== undefined) return network === podNetwork;
    return name === "coredns" ? clusterDns === "coredns" : written.has(name);
  };
  return addOnNames.filter(isChosen).map((name) => ({ name, settings: settingsOf(name, written.get(name) ?? {}) }));
}

export const settingsOf = (name: AddOnName, written: AddOnChoice["settings"]): ChosenAddOn["settings"] =>
  Object.fromEntries(
    Object.entries(rowOf(name).settings).map(([key, { otherwise, read }]) => {
      const word = Object.hasOwn(written, key) ? written[key] : undefined;
      return [key, word === undefined ? otherwise : read(word)];
    }),
  );
