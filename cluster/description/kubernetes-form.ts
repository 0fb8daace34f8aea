/** Kubernetes and what runs beside it, as the recommended form writes them. */
import { z } from "zod";
import { KEY_KINDS, POD_NETWORKS } from "../cluster.ts";
import type { Program } from "../kubernetes/flags.ts";
import { block, fewOf, list, names, word } from "./fields.ts";
import * as kubernetesValues from "./kubernetes-values.ts";
import * as values from "./values.ts";
import { address, dnsLabel, NUMBER_OR_WORDS, network } from "./words.ts";

export const release = word(kubernetesValues.kubernetesVersion, "1.36.4", { type: ["string", "number"] });
const version = (example: string) => word(kubernetesValues.componentVersion, example, NUMBER_OR_WORDS).optional();
const tag = (example: string) => word(kubernetesValues.imageTag, example, { type: ["string", "number"] }).optional();

const components = block(
  {
    containerd: version("2.3.4").describe("The version of containerd that is carried along."),
    runc: version("1.4.3").describe("The version of runc."),
    cniPlugins: version("1.9.1").describe("The version of the CNI plugins."),
    crictl: version("1.36.0").describe("The version of crictl."),
    coredns: tag("v1.14.2").describe("The tag of CoreDNS's image, in place of what kubeadm asks for."),
    etcd: tag("3.6.8-0").describe("The tag of etcd's image, in place of what kubeadm asks for."),
    pause: tag("3.10.2").describe("The tag of the pause image, in place of what kubeadm asks for."),
  },
  "containerd: 2.3.4",
  { cni: "cniPlugins", cni_plugins: "cniPlugins", dns: "coredns" },
);

const virtualAddress = block(
  {
    address: address.describe("An address of the machines' network that nobody else has."),
    by: names(["kube-vip", "keepalived"])
      .prefault("kube-vip")
      .describe("What moves it: kube-vip, a static pod of Kubernetes, or keepalived with haproxy, which the system must have."),
    routerId: word(values.count(1, 255), "51", { type: "integer" })
      .prefault("51")
      .describe("VRRP's virtual router id; no other pair in the network may have it."),
  },
  "address: 10.0.0.5",
  { vip: "address", router_id: "routerId", kind: "by" },
);

const quantity = (example: string) => word(kubernetesValues.quantity, example, NUMBER_OR_WORDS).optional();
const reservation = block(
  { cpu: quantity("100m").describe("CPUs, or thousandths of one: 100m."), memory: quantity("256Mi").describe("Bytes: 256Mi.") },
  "memory: 256Mi",
);
const reserved = block(
  {
    system: reservation.prefault({ cpu: "100m", memory: "200Mi" }).describe("For the operating system."),
    kube: reservation.prefault({ cpu: "100m", memory: "200Mi" }).describe("For kubelet and containerd."),
  },
  "system: { memory: 256Mi }",
);

const NAMESPACES = "a list, as in [default, shop]";
const pullSecret = block(
  {
    name: dnsLabel("company").describe("The name of the Secret that pods pull with."),
    registry: word(values.registryName, "registry.corp.lan:5000").describe(
      "The registry as images name it: its host, and its port if it has one.",
    ),
    ca: word(kubernetesValues.certificates, "|")
      .optional()
      .describe("Certificates in PEM: of whom the registry's is from, where systems do not believe it by themselves."),
    namespaces: fewOf(dnsLabel("shop"), NAMESPACES)
      .min(1, `is empty; write ${NAMESPACES}, or leave it out for default`)
      .prefault(["default"])
      .describe("The namespaces whose pods pull with it; those that are not there are made."),
  },
  "name: and registry:",
  { server: "registry", host: "registry", url: "registry", namespace: "namespaces", ca_file: "ca", certificate: "ca" },
);

const SETTING = { type: ["string", "number", "boolean"] };
const addons = z
  .record(
    dnsLabel("metrics-server"),
    z.record(word(kubernetesValues.settingName, "replicas"), word(kubernetesValues.setting, "2", SETTING), {
      error: "must be a block of settings; write {} for none",
    }),
    { error: "must be a block of add-ons; write one per line, as in metrics-server: {}" },
  )
  .prefault({});

const flagsOf = (program: Program, example: string) =>
  z
    .record(word(kubernetesValues.flagOf(program), example), word(kubernetesValues.setting, "text", SETTING), {
      error: `must be a block of flags; write one per line, as in ${example}: value`,
    })
    .prefault({});
const flags = block(
  {
    apiServer: flagsOf("apiServer", "oidc-issuer-url").describe("Of every API server."),
    controllerManager: flagsOf("controllerManager", "terminated-pod-gc-threshold").describe("Of every controller manager."),
    scheduler: flagsOf("scheduler", "feature-gates").describe("Of every scheduler."),
    kubelet: flagsOf("kubelet", "serialize-image-pulls").describe("Of every node's kubelet."),
  },
  "apiServer: { oidc-issuer-url: https://login.example.com }",
  {
    "kube-apiserver": "apiServer",
    "api-server": "apiServer",
    "kube-controller-manager": "controllerManager",
    "controller-manager": "controllerManager",
    "kube-scheduler": "scheduler",
  },
);

const chart = block(
  {
    name: dnsLabel("grafana").describe("The release's name."),
    namespace: dnsLabel("default").prefault("default").describe("The namespace that it is installed in."),
    url: word(values.sourceUrl, "https://charts.example.com/grafana-8.5.1.tgz").describe("The chart's archive."),
    sha256: word(values.sha256, "64 hexadecimal digits").optional().describe("What the archive's bytes must hash to."),
    values: word((text) => text, "|")
      .prefault("")
      .describe("Values for it, as YAML in a block of text."),
  },
  "name: and url:",
  { archive: "url" },
);

export const kubernetes = block(
  {
    version: release
      .optional()
      .describe(
        'The Kubernetes release: 1.36.4, 1.36 for its newest patch, or "current", pinned in sextant.lock. Without it no Kubernetes.',
      ),
    offered: list(release, "a list, as in [1.37]")
      .prefault([])
      .describe("Further releases that are carried along, to upgrade to or for single machines."),
    components: components.prefault({}).describe("Versions of what runs beside Kubernetes, in place of those that go with it."),
    podSubnet: network.prefault("10.244.0.0/16").describe("The network of the pods."),
    serviceSubnet: network.prefault("10.96.0.0/12").describe("The network of the services."),
    dnsDomain: word(values.domainName, "cluster.local").prefault("cluster.local").describe("The domain of the services."),
    dnsAddress: address.optional().describe("The cluster DNS's address; the tenth of serviceSubnet when absent."),
    apiNames: list(word(values.hostOrAddress, "api.demo.lan"), "a list, as in [api.demo.lan]")
      .prefault([])
      .describe("Further names and addresses in the API server's certificate."),
    podNetwork: names(POD_NETWORKS, { kuberouter: "kube-router" })
      .prefault("flannel")
      .describe("What carries packets between pods; none leaves it to you."),
    flannel: names(["vxlan", "host-gw", "udp"]).prefault("vxlan").describe("How flannel carries packets between nodes."),
    virtualAddress: virtualAddress.optional().describe("One address for all API servers, held by one control plane that lives."),
    nodePorts: word(kubernetesValues.portRange, "30000-32767")
      .prefault("30000-32767")
      .describe("The ports that services may have on every node."),
    maxPods: word(values.count(1, 500), "110", { type: "integer" }).prefault("110").describe("How many pods a node takes."),
    reserved: reserved.prefault({}).describe("What is kept from pods on every node."),
    expectedEtcd: word(values.count(1, 9), "3", { type: "integer" })
      .optional()
      .describe("Found the cluster only when so many members of etcd have come up."),
    certificates: names(KEY_KINDS).prefault("rsa").describe("What kind of keys new certificates have."),
    clusterDns: names(["coredns", "none"]).prefault("coredns").describe("What answers for the services' names; none leaves it to you."),
    ignoredChecks: list(word(kubernetesValues.checkName, "NumCPU"), "a list, as in [NumCPU, Mem]")
      .prefault([])
      .describe("Checks of kubeadm that may fail, by its own names: NumCPU and Mem on very small machines."),
    flags: flags
      .prefault({})
      .describe("Further flags of Kubernetes' own programs, by their names without dashes; whoever writes them knows the release."),
    imagePullSecrets: fewOf(pullSecret, "a list, each with name: and registry:")
      .prefault([])
      .describe("Registries other than ours that pods pull from with a password, which the builder takes from docker login."),
    addons: addons.describe("What is deployed into the cluster, each with its settings."),
    charts: list(chart, "a list, each with name: and url:").prefault([]).describe("Helm charts, rendered when the bsroot is built."),
  },
  "version: 1.36.4",
  {
    versions: "offered",
    releases: "offered",
    kubernetes_version: "version",
    k8s_ver: "version",
    ha_settings: "virtualAddress",
    vip: "virtualAddress",
    network_stack: "podNetwork",
    cni: "podNetwork",
    ext_deployments: "addons",
    expected_etcd_count: "expectedEtcd",
    pod_network_cidr: "podSubnet",
    service_cidr: "serviceSubnet",
    service_dns_domain: "dnsDomain",
    service_dns_cluster_ip: "dnsAddress",
    resource_reservation: "reserved",
    helm: "charts",
    extraArgs: "flags",
    extra_args: "flags",
    image_pull_secrets: "imagePullSecrets",
    pullSecrets: "imagePullSecrets",
    dns_deployment_settings: "clusterDns",
    ignorePreflightErrors: "ignoredChecks",
  },
);
