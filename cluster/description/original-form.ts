/** The form that Sextant's descriptions had from 2016 to 2018, as a schema: every field it had, as its users wrote them. */
import { z } from "zod";
import { ipv4, prefixOf, subnet } from "../address.ts";
import { block, list, word } from "./fields.ts";
import { quote } from "./problem.ts";
import { sshKey } from "./ssh-key.ts";
import * as values from "./values.ts";

const address = word(ipv4, "10.10.14.253");
const addresses = list(address, "a list, as in [10.10.14.253]");
const yesNo = word(values.yesNo, "y");
const text = word((written) => written, "text");

const osName = word((name) => (/^centos$/i.test(name) ? "CentOS" : values.oneOf(["CoreOS", "Flatcar"])(name)), "CoreOS");

const coreosVersion = word((version) => {
  if (version !== "current" && !/^\d{1,5}\.\d{1,3}\.\d{1,3}$/.test(version)) {
    throw new TypeError(`${quote(version)} is not a release; write current, or three numbers as in 4593.2.5`);
  }
  return version;
}, "current");

/** YAML list lines inside a string: the original pasted them into cloud-config as they were. */
const keyLines = z.string().transform((lines, context) => {
  const keys = /PRIVATE KEY/.test(lines)
    ? [lines]
    : lines
        .split("\n")
        .filter((line) => /^\s*[^\s#]/.test(line))
        .map(keyOfLine);
  return keys.flatMap((key, index) => {
    try {
      return [sshKey(key)];
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      context.addIssue({ code: "custom", path: [index], message: cause.message });
      return [];
    }
  });
});

/** `- "ssh-rsa AAAA me"` -> `ssh-rsa AAAA me` */
function keyOfLine(line: string): string {
  const item = line.trim().replace(/^-\s+/, "");
  const quoted = item.length > 1 && item[0] === item.at(-1) && /["']/.test(item[0]!);
  return quoted ? item.slice(1, -1) : item;
}

const node = block(
  {
    mac: word(values.machineMac, "00:25:90:c0:f7:80"),
    cur_host_name: word(values.dnsLabel, "node-1").optional(),
    ip: address.optional(),
    ceph_monitor: yesNo.prefault("n"),
    kube_master: yesNo.prefault("n"),
    etcd_member: yesNo.prefault("n"),
    ingress_label: yesNo.prefault("n"),
    flannel_iface: text.optional(),
  },
  "mac: and kube_master:",
  { name: "cur_host_name", hostname: "cur_host_name", address: "ip" },
);

export const originalForm = block(
  {
    bootstrapper: address,
    subnet: address,
    netmask: word((mask) => prefixOf(ipv4(mask)), "255.255.255.0"),
    iplow: address.optional(),
    iphigh: address.optional(),
    routers: addresses.prefault([]),
    broadcast: address.optional(),
    nameservers: addresses.optional(),
    upstreamnameservers: addresses.prefault([]),
    domainname: word(values.domainName, "demo.lan"),
    dockerdomain: word(values.dnsLabel, "bootstrapper").prefault("bootstrapper"),
    k8s_service_cluster_ip_range: word(subnet, "10.100.0.0/24").prefault("10.100.0.0/24"),
    k8s_cluster_dns: address.optional(),
    start_pxe: yesNo.prefault("y"),
    flannel_backend: word(values.oneOf(["host-gw", "vxlan", "udp"]), "host-gw").prefault("vxlan"),
    coreos_channel: word(values.oneOf(["stable", "beta", "alpha"]), "stable").prefault("stable"),
    coreos_version: coreosVersion.prefault("current"),
    download_kernel: yesNo.prefault("n"),
    mirror_site: text.optional(),
    centos_version: text.optional(),
    set_gpu: yesNo.prefault("n"),
    gpu_drivers_version: text.optional(),
    ingress_hostnetwork: yesNo.prefault("n"),
    set_ntp: yesNo.prefault("y"),
    lease: word(values.leaseTime, "12h").prefault("12h"),
    os_name: osName.prefault("CoreOS"),
    set_yum_repo: text.optional(),
    kube_master_ip: addresses.prefault([]),
    kube_master_dns: list(word(values.hostOrAddress, "kubernetes"), "a list, as in [kubernetes]").prefault([]),
    coreos: block(
      { reboot_strategy: text.optional(), start_time: text.optional(), time_length: text.optional() },
      "reboot_strategy: etcd-lock",
    ).optional(),
    ceph: block(
      { zap_and_start_osd: yesNo.prefault("n"), osd_journal_size: word(values.count(0, 1_000_000), "5000").optional() },
      "zap_and_start_osd: n",
    ).optional(),
    images: z
      .record(z.string(), text, { error: "must be a block of images; write one per line, as in pause: registry/pause:3.0" })
      .prefault({}),
    nginx_root_dir: text.optional(),
    ssh_authorized_keys: z.union([keyLines, list(word(sshKey, "ssh-ed25519 AAAA... you@laptop"), "a list of public keys")]).prefault([]),
    nodes: list(node, "a list of nodes, each with mac:"),
  },
  "bootstrapper:",
  { machines: "nodes", domain: "domainname", ssh_keys: "ssh_authorized_keys" },
);

export const partialOriginalForm = z.deepPartial(originalForm);
export type OriginalForm = z.output<typeof originalForm>;
export type PartialOriginalForm = z.output<typeof partialOriginalForm>;
