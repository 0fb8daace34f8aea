/** kube-vip: a static pod on every control plane; the one that holds a lease in the cluster answers ARP for the address. https://kube-vip.io/docs/installation/flags/ */
import { API_PORT } from "../../../cluster/kubernetes/endpoint.ts";
import type { PlanPiece } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";
import { documents } from "../documents.ts";
import type { Holder } from "./virtual-address.ts";

/** Its origin is in the name: nodes pull it from the bootstrapper like any other. */
const IMAGE = "ghcr.io/kube-vip/kube-vip:v1.0.3";
const MANIFEST = "/etc/kubernetes/sextant/kube-vip.yaml";

/** The manifest waits beside kubelet's folder: only on the node is it known which card has the address, and which credentials there are. */
export const kubeVip = ({ virtual, address }: Holder): PlanPiece => ({
  files: [
    { path: MANIFEST, mode: 0o644, content: { text: documents([pod(virtual.address)]) } },
    {
      path: "/opt/sextant/virtual-address",
      mode: 0o755,
      content: { text: render("kubernetes/virtual-address/kube-vip.sh.eta", { address, manifest: MANIFEST }) },
    },
  ],
  units: [
    {
      name: "sextant-virtual-address.service",
      enabled: true,
      contents: render("kubernetes/virtual-address/kube-vip.service.eta", {}),
    },
  ],
});

/** Seconds. A lease is lost later than kube-vip's own 5, 3 and 1 have it: an API server under the load of a first boot takes that long to answer. */
const LEASE = { vip_leaseduration: "15", vip_renewdeadline: "10", vip_retryperiod: "2" };

const pod = (address: string) => {
  const variables = {
    vip_arp: "true",
    address,
    port: String(API_PORT),
    vip_interface: "@INTERFACE@",
    vip_subnet: "32",
    dns_mode: "first",
    cp_enable: "true",
    cp_namespace: "kube-system",
    svc_enable: "false",
    vip_leaderelection: "true",
    vip_leasename: "plndr-cp-lock",
    ...LEASE,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "kube-vip", namespace: "kube-system" },
    spec: {
      hostNetwork: true,
      priorityClassName: "system-node-critical",
      // It asks the API server beside it, under a name that is in the certificate: the address itself is what it is about to set up.
      hostAliases: [{ ip: "127.0.0.1", hostnames: ["kubernetes"] }],
      containers: [
        {
          name: "kube-vip",
          image: IMAGE,
          imagePullPolicy: "IfNotPresent",
          args: ["manager"],
          env: [
            { name: "vip_nodename", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
            ...Object.entries(variables).map(([name, value]) => ({ name, value })),
          ],
          securityContext: { capabilities: { add: ["NET_ADMIN", "NET_RAW"], drop: ["ALL"] } },
          volumeMounts: [{ name: "credentials", mountPath: "/etc/kubernetes/admin.conf", readOnly: true }],
        },
      ],
      // Of type File, so that no folder appears where kubeadm is about to write one.
      volumes: [{ name: "credentials", hostPath: { path: "@CREDENTIALS@", type: "File" } }],
    },
  };
};
