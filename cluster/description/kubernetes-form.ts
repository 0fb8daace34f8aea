/** Kubernetes and what runs beside it, as the recommended form writes them. */
import { block, list, names, word } from "./fields.ts";
import * as values from "./values.ts";
import { address, NUMBER_OR_WORDS, network } from "./words.ts";

export const release = word(values.kubernetesVersion, "1.36.4", { type: ["string", "number"] });
const version = (example: string) => word(values.componentVersion, example, NUMBER_OR_WORDS).optional();
const tag = (example: string) => word(values.imageTag, example, { type: ["string", "number"] }).optional();

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
    flannel: names(["vxlan", "host-gw", "udp"]).prefault("vxlan").describe("How flannel carries packets between nodes."),
  },
  "version: 1.36.4",
  { versions: "offered", releases: "offered" },
);
