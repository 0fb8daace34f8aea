/** The 2016 form -> the facts to check, and the Cluster once they hold. */
import { dashed, nth, overlap, type Range, type Subnet, subnet } from "../address.ts";
import { type Cluster, type DiskRule, type Machine, type Original, type Os, ROLES, type RoleName } from "../cluster.ts";
import { eachStated, type Facts, isLost, stated } from "./facts.ts";
import { kubernetes } from "./kubernetes-form.ts";
import { kubernetesOf } from "./kubernetes-of.ts";
import { centosOf, checkCentos } from "./original-centos.ts";
import type { OriginalForm, PartialOriginalForm } from "./original-form.ts";
import { OLDEST_FLATCAR } from "./os-values.ts";
import type { Finding } from "./problem.ts";
import type { Gaps } from "./salvage.ts";
import { orderedRange } from "./values.ts";

export function factsOfOriginalForm(form: PartialOriginalForm, gaps: Gaps): Facts {
  return {
    domain: stated(form.domainname, "domainname"),
    bootstrapperName: stated(form.dockerdomain, "dockerdomain"),
    networks: [
      {
        path: [],
        subnet: stated(networkOf(form).value, "subnet"),
        bootstrapper: stated(form.bootstrapper, "bootstrapper"),
        routers: eachStated(form.routers, "routers"),
        nameServers: eachStated(form.nameservers, "nameservers"),
        ranges: [stated(rangeOf(form).value, "iplow") ?? []].flat(),
        rangePath: ["iplow"],
      },
    ],
    interfaces: [],
    options: [],
    upstream: eachStated(form.upstreamnameservers, "upstreamnameservers"),
    dhcp: form.start_pxe === false ? "proxy" : "serve",
    serviceSubnet: stated(form.k8s_service_cluster_ip_range, "k8s_service_cluster_ip_range"),
    dnsDomain: stated(DNS_DOMAIN, "domainname"),
    dnsAddress: stated(form.k8s_cluster_dns, "k8s_cluster_dns"),
    sshKeys: eachStated(form.ssh_authorized_keys, "ssh_authorized_keys"),
    sshKeysPath: ["ssh_authorized_keys"],
    disks: [],
    sources: [],
    machines: (form.nodes ?? []).map((node, index) => ({
      path: ["nodes", index],
      mac: stated(node.mac, "nodes", index, "mac"),
      name: stated(node.cur_host_name, "nodes", index, "cur_host_name"),
      address: stated(node.ip, "nodes", index, "ip"),
      addressPath: ["nodes", index, "ip"],
      roles: ROLE_FIELDS.some((field) => isLost({ gaps }, ["nodes", index, field])) ? undefined : rolesOf(node),
    })),
    machinesPath: ["nodes"],
    controlPlaneSpelling: "kube_master: y",
    rangeMayHoldOthers: true,
    gaps: { ...gaps, lost: new Set([...gaps.lost, ...(saysHalfARange(form) ? ["iplow"] : [])]) },
  };
}

type PartialNode = NonNullable<PartialOriginalForm["nodes"]>[number];
type Node = OriginalForm["nodes"][number];

const ROLE_FIELDS = ["kube_master", "etcd_member", "ingress_label", "ceph_monitor"] as const;

/** Masters took no other work; every other node was a worker, whatever else it did. */
function rolesOf({ kube_master, etcd_member, ingress_label, ceph_monitor }: PartialNode): readonly RoleName[] {
  const has: Readonly<Record<RoleName, boolean | undefined>> = {
    "control-plane": kube_master,
    worker: !kube_master,
    etcd: etcd_member,
    ingress: ingress_label,
    storage: ceph_monitor,
  };
  return ROLES.filter((role) => has[role]);
}

/** What two fields say together, or why they do not go together. */
interface Together<T> {
  readonly value?: T;
  readonly wrong?: string;
}

function together<T>(make: () => T): Together<T> {
  try {
    return { value: make() };
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return { wrong: cause.message };
  }
}

export const networkOf = ({ subnet: base, netmask }: PartialOriginalForm): Together<Subnet> =>
  base === undefined || netmask === undefined ? {} : together(() => subnet(`${base}/${netmask}`));

export const rangeOf = ({ iplow, iphigh }: PartialOriginalForm): Together<Range> =>
  iplow === undefined || iphigh === undefined ? {} : together(() => orderedRange(iplow, iphigh));

const saysHalfARange = (form: PartialOriginalForm): boolean => Boolean(form.iplow || form.iphigh) && !rangeOf(form).value;

/** What this form itself can get wrong: some of its values are spread over two fields. */
export function* checkOriginalForm(form: PartialOriginalForm): Iterable<Finding> {
  const { wrong: wrongNetwork } = networkOf(form);
  if (wrongNetwork) yield { path: ["subnet"], message: wrongNetwork };
  const { wrong: wrongRange } = rangeOf(form);
  if (wrongRange) yield { path: ["iplow"], message: wrongRange };
  if (form.iplow && !form.iphigh) yield { path: ["iphigh"], message: "is missing; write the last address of the range that iplow begins" };
  yield* checkCentos(form);
  if (form.iphigh && !form.iplow) yield { path: ["iplow"], message: "is missing; write the first address of the range that iphigh ends" };
}

export function clusterOfOriginalForm(form: OriginalForm): Cluster {
  const network = networkOf(form).value ?? { base: form.subnet, prefix: form.netmask };
  const range = rangeOf(form).value;
  const serviceSubnet = form.k8s_service_cluster_ip_range;
  return {
    name: form.domainname.split(".")[0]!,
    domain: form.domainname,
    network: {
      subnet: network,
      bootstrapper: form.bootstrapper,
      bootstrapperName: form.dockerdomain,
      routers: form.routers,
      ranges: range ? [range] : [],
      nameServers: form.nameservers ?? [form.bootstrapper],
      upstream: form.upstreamnameservers,
      lease: form.lease,
      dhcp: form.start_pxe ? "serve" : "proxy",
      ntp: form.set_ntp,
      leasesBy: "mac",
      interfaces: [],
      options: [],
      subnets: [],
      routerAdvertisements: form.start_pxe,
    },
    dns: { records: [], forward: [], keys: [], api: API_NAMES.find((name) => !isTaken(form, name))!, ingress: "apps" },
    kubernetes: {
      ...kubernetesOf(kubernetes.parse({})),
      podSubnet: POD_SUBNETS.find((pods) => !overlap(pods, network) && !overlap(pods, serviceSubnet))!,
      serviceSubnet,
      dnsDomain: DNS_DOMAIN,
      dnsAddress: form.k8s_cluster_dns ?? nth(serviceSubnet, 10),
      apiNames: [...form.kube_master_ip, ...form.kube_master_dns],
      flannel: form.flannel_backend,
    },
    sshKeys: form.ssh_authorized_keys,
    machines: form.nodes.map((node) => machineOf(node, osOf(form))),
    unlisted: { become: "worker", os: osOf(form), disk: DISK, architecture: "amd64" },
    images: [],
    extras: [],
    mirrors: [],
    install: { window: 7200, attempts: 5 },
    original: originalOf(form),
  };
}

/** The kubelets of the original had it written into them. */
const DNS_DOMAIN = "cluster.local";

/** The form has no field for the pods' network, which was always the first of these. The two other networks overlap three of them at most. */
const POD_SUBNETS: readonly Subnet[] = ["10.1.0.0/16", "10.244.0.0/16", "172.20.0.0/16", "192.168.0.0/16"].map(subnet);

/** The form has no field for it either; machines and the bootstrapper keep the names they have. */
const API_NAMES = ["api", "kube-api", "kubernetes-api", "sextant-api"];
const isTaken = ({ dockerdomain, nodes }: OriginalForm, name: string): boolean =>
  dockerdomain === name || nodes.some(({ cur_host_name }) => cur_host_name === name);

/** The original wrote /dev/sda without a look at it; we take the first disk, and only if it is blank or ours. */
const DISK: DiskRule = { pick: "first", wipe: "blank" };

const machineOf = (node: Node, os: Os): Machine => ({
  mac: node.mac,
  name: node.cur_host_name ?? dashed(node.mac),
  ...(node.ip && { address: node.ip }),
  roles: rolesOf(node),
  architecture: "amd64",
  os,
  disk: DISK,
  labels: {},
  options: [],
  secureBoot: false,
});

const osOf = (form: OriginalForm): Os =>
  form.os_name === "CentOS"
    ? centosOf(form)
    : {
        target: "flatcar",
        channel: form.coreos_channel,
        version: isFlatcar(form.coreos_version) ? form.coreos_version : "current",
      };

/** Whether Flatcar may have a release of this number that can still be installed. */
export const isFlatcar = (version: string): boolean => version === "current" || Number.parseInt(version, 10) >= OLDEST_FLATCAR;

function originalOf(form: OriginalForm): Original {
  const { coreos, ceph, centos_version, mirror_site, set_yum_repo } = form;
  const interfaces = form.nodes.flatMap(({ mac, flannel_iface }) => (flannel_iface ? [[mac, flannel_iface] as const] : []));
  const said = <K extends string, T>(name: K, value: T | undefined) => (value === undefined ? {} : ({ [name]: value } as Record<K, T>));
  return {
    images: form.images,
    ingressOnHostNetwork: form.ingress_hostnetwork,
    flannelInterfaces: Object.fromEntries(interfaces) as Original["flannelInterfaces"],
    ...(!isFlatcar(form.coreos_version) && { coreosVersion: form.coreos_version }),
    ...(coreos && {
      reboots: { ...said("strategy", coreos.reboot_strategy), ...said("start", coreos.start_time), ...said("length", coreos.time_length) },
    }),
    ...(ceph && { ceph: { startOsds: ceph.zap_and_start_osd, ...said("journalMegabytes", ceph.osd_journal_size) } }),
    ...((form.set_gpu || form.gpu_drivers_version) && { gpu: { install: form.set_gpu, ...said("drivers", form.gpu_drivers_version) } }),
    ...(form.os_name !== "CentOS" &&
      (centos_version || mirror_site || set_yum_repo || form.download_kernel) && {
        centos: {
          ...said("version", centos_version),
          ...said("mirror", mirror_site),
          ...said("yumRepository", set_yum_repo),
          downloadKernel: form.download_kernel,
        },
      }),
    ...said("nginxRoot", form.nginx_root_dir),
  };
}
