/** The form of cluster-desc.yml that we recommend, as a schema: what `parse` accepts and what editors are told. */
import { z } from "zod";
import { ARCHITECTURES, ROLES } from "../cluster.ts";
import { dns } from "./dns-form.ts";
import { extras } from "./extras-form.ts";
import { block, list, names, word } from "./fields.ts";
import { kubernetes, release } from "./kubernetes-form.ts";
import * as kubernetesValues from "./kubernetes-values.ts";
import { networkBlock } from "./network-form.ts";
import { dhcpOptions } from "./options-form.ts";
import { os } from "./os-form.ts";
import * as osValues from "./os-values.ts";
import { sshKey } from "./ssh-key.ts";
import * as values from "./values.ts";
import { address, dnsLabel, duration, NUMBER_OR_WORDS, yesNo } from "./words.ts";

const MAC = { pattern: "^([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}$" };

const disk = block(
  {
    device: word(values.devicePath, "/dev/sda")
      .optional()
      .describe("The disk's device path, such as /dev/sda or a link below /dev/disk/by-id."),
    serial: word(values.diskSerial, "S3Z8NB0K", NUMBER_OR_WORDS).optional().describe("The disk's serial number."),
    minSize: word(values.size, "20G", NUMBER_OR_WORDS)
      .optional()
      .describe("The smallest disk to take: 20G is 20 * 10^9 bytes, 20Gi is 20 * 2^30."),
    maxSize: word(values.size, "4T", NUMBER_OR_WORDS).optional().describe("The largest disk to take."),
    pick: names(["first", "smallest", "largest"], { biggest: "largest" }).prefault("first").describe("Which of the disks that fit."),
    wipe: names(["blank", "any"])
      .prefault("blank")
      .describe("blank: only a disk that is empty or was written for this machine. any: whatever is on it."),
  },
  "minSize: 20G",
  { size: "minSize", dev: "device", path: "device" },
);

const gpu = block(
  {
    drivers: word(osValues.nvidiaDrivers, "570-open").describe("The driver's branch, with -open for the open kernel modules."),
    runtime: word(kubernetesValues.componentVersion, "1.17.9").prefault("1.17.9").describe("The release of NVIDIA's container toolkit."),
  },
  "drivers: 570-open",
  { driver: "drivers", version: "drivers", toolkit: "runtime" },
);

const machine = block(
  {
    mac: word(values.machineMac, "52:54:00:12:34:56", MAC).describe("The MAC address of the network card it boots from."),
    name: dnsLabel("worker-1").describe("Its host name: a DNS label, unique in the cluster."),
    address: address.optional().describe("Its reserved address; without one it gets an address of network.range."),
    roles: list(
      names(ROLES, { master: "control-plane", controlplane: "control-plane", node: "worker", minion: "worker" }),
      "a list, as in [worker]",
    )
      .prefault(["worker"])
      .describe("What it does in the cluster."),
    arch: names(ARCHITECTURES, { x86_64: "amd64", "x86-64": "amd64", x64: "amd64", aarch64: "arm64" })
      .prefault("amd64")
      .describe("Its processor."),
    os: os.optional().describe("Its operating system, instead of the one for all."),
    disk: disk.optional().describe("The rule for its disk, instead of the one for all."),
    labels: z
      .record(word(kubernetesValues.labelKey, "rack"), word(kubernetesValues.labelValue, "a1", { type: ["string", "number", "boolean"] }), {
        error: "must be a block of labels; write one per line, as in rack: a1",
      })
      .prefault({})
      .describe("Labels of the Kubernetes node."),
    taints: list(word(kubernetesValues.taint, "dedicated=gpu:NoSchedule"), "a list, as in [dedicated=gpu:NoSchedule]")
      .optional()
      .describe("Taints of the Kubernetes node, instead of those that follow from its roles."),
    gpu: gpu.optional().describe("Its GPU of NVIDIA: driver and container runtime are carried along and installed (Flatcar on amd64)."),
    options: dhcpOptions.prefault({}).describe("DHCP options for it, in place of those of its network."),
    secureBoot: yesNo.optional().describe("Whether its UEFI starts only what is signed, instead of what is said for all."),
    kubernetes: release.optional().describe("The Kubernetes release that it runs, where it is not the cluster's."),
  },
  "mac: and name:",
  { ip: "address", hostname: "name", role: "roles", architecture: "arch" },
);

const mirror = block(
  {
    from: word(values.urlPrefix, "https://stable.release.flatcar-linux.net").describe("What the files' own URLs begin with."),
    to: word(values.mirrorPlace, "https://mirror.example.com/flatcar").describe(
      "Where they are fetched instead: an http, https or file URL, or a folder written as /..., ./... or ../...",
    ),
  },
  "from: and to:",
);

const install = block(
  {
    window: duration("1m", "7d", "2h").prefault("2h").describe("How long a machine may install after it first asked to."),
    attempts: word(values.count(1, 100), "5", { type: "integer" }).prefault("5").describe("How often it may begin within that time."),
  },
  "window: 2h",
);

export const newForm = block(
  {
    cluster: dnsLabel("demo").describe("The cluster's name: a DNS label."),
    domain: word(values.domainName, "demo.lan").describe("Every machine is <name>.<domain>."),
    network: networkBlock.describe("The machines' network and what the bootstrapper serves on it."),
    os: os.prefault({ target: "flatcar" }).describe("The operating system of every machine that names no other."),
    dns: dns.prefault({}).describe("What the bootstrapper's DNS knows and does beside the machines' names."),
    kubernetes: kubernetes.prefault({}).describe("Kubernetes and its networks."),
    sshKeys: list(word(sshKey, "ssh-ed25519 AAAA... you@laptop"), "a list of public keys")
      .prefault([])
      .describe("Public keys that may log in to every node."),
    disk: disk.prefault({}).describe("The rule for every machine's disk that has no rule of its own."),
    secureBoot: yesNo.prefault("false").describe("Whether the machines' UEFI starts only what is signed: they are handed signed loaders."),
    machines: list(machine, "a list of machines, each with mac: and name:").describe("The machines of the cluster."),
    images: list(word(values.imageName, "docker.io/library/nginx:1.27"), "a list, as in [docker.io/library/nginx:1.27]")
      .prefault([])
      .describe("Container images that the bootstrapper's registry serves to the nodes."),
    extras: extras.prefault([]).describe("Further files to carry along, served below /static/extras/."),
    mirrors: list(mirror, "a list, each with from: and to:").prefault([]).describe("Where to fetch from instead of the files' own URLs."),
    install: install.prefault({}).describe("How long and how often a machine may try to install itself."),
  },
  "cluster: demo",
  {
    ...below("network", networkBlock),
    ...below("dns", dns),
    ...below("kubernetes", kubernetes),
    name: "cluster",
    nodes: "machines",
    hosts: "machines",
    k8s: "kubernetes",
    extra: "extras",
    files: "extras",
    ssh_authorized_keys: "sshKeys",
    keys: "sshKeys",
  },
);

/** A field that stands one level too far left. */
function below(name: string, { shape }: { readonly shape: object }): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(shape).map((field) => [field, `it below ${name}:`]));
}

export type NewForm = z.output<typeof newForm>;
