/** `kubernetes:` of a description that says nothing of it. */
import { ipv4, subnet } from "../../cluster/address.ts";
import type { Kubernetes } from "../../cluster/cluster.ts";

export const PLAIN_KUBERNETES: Kubernetes = {
  podSubnet: subnet("10.244.0.0/16"),
  serviceSubnet: subnet("10.96.0.0/12"),
  dnsDomain: "cluster.local",
  dnsAddress: ipv4("10.96.0.10"),
  apiNames: [],
  podNetwork: "flannel",
  flannel: "vxlan",
  nodePorts: [30000, 32767],
  maxPods: 110,
  reserved: { system: {}, kube: {} },
  certificates: "rsa",
  clusterDns: "coredns",
  ignoredChecks: [],
  flags: { apiServer: {}, controllerManager: {}, scheduler: {}, kubelet: {} },
  addons: [],
  imagePullSecrets: [],
  charts: [],
  offered: [],
  components: {},
};
