/** The recommended form -> the facts to check, and the Cluster once they hold. */
import { z } from "zod";
import { nth } from "../address.ts";
import { type Cluster, type DiskRule, type Machine, type Os, ROLES, type Source } from "../cluster.ts";
import { eachStated, type Facts, isLost, type Stated, stated } from "./facts.ts";
import { type NewForm, newForm } from "./new-form.ts";
import type { Path } from "./problem.ts";
import type { Gaps } from "./salvage.ts";

export const partialForm = z.deepPartial(newForm);
type PartialForm = z.output<typeof partialForm>;

export function factsOfNewForm(form: PartialForm, gaps: Gaps): Facts {
  const { network, kubernetes } = form;
  return {
    domain: stated(form.domain, "domain"),
    subnet: stated(network?.subnet, "network", "subnet"),
    bootstrapper: stated(network?.bootstrapper, "network", "bootstrapper"),
    bootstrapperName: stated(network?.bootstrapperName, "network", "bootstrapperName"),
    range: stated(network?.range, "network", "range"),
    rangePath: ["network", "range"],
    routers: eachStated(network?.routers, "network", "routers"),
    nameServers: eachStated(network?.nameServers, "network", "nameServers"),
    upstream: eachStated(network?.upstream, "network", "upstream"),
    dhcp: network?.dhcp,
    podSubnet: stated(kubernetes?.podSubnet, "kubernetes", "podSubnet"),
    serviceSubnet: stated(kubernetes?.serviceSubnet, "kubernetes", "serviceSubnet"),
    dnsDomain: stated(kubernetes?.dnsDomain, "kubernetes", "dnsDomain"),
    dnsAddress: stated(kubernetes?.dnsAddress, "kubernetes", "dnsAddress"),
    sshKeys: eachStated(form.sshKeys, "sshKeys"),
    sshKeysPath: ["sshKeys"],
    disks: owners(form).flatMap(({ disk, path }) => (disk ? [{ value: disk, path: [...path, "disk"] }] : [])),
    sources: owners(form).flatMap(({ os, path }) => sources(os, [...path, "os"])),
    machines: (form.machines ?? []).map((machine, index) => ({
      path: ["machines", index],
      mac: stated(machine.mac, "machines", index, "mac"),
      name: stated(machine.name, "machines", index, "name"),
      address: stated(machine.address, "machines", index, "address"),
      addressPath: ["machines", index, "address"],
      roles: isLost({ gaps }, ["machines", index, "roles"]) ? undefined : machine.roles,
    })),
    machinesPath: ["machines"],
    controlPlaneSpelling: "roles: [control-plane]",
    rangeMayHoldOthers: false,
    gaps,
  };
}

/** Everything that may have an os and a disk rule of its own: the description and each machine. */
function owners(form: PartialForm) {
  return [
    { ...form, path: [] as Path },
    ...(form.machines ?? []).map((machine, index) => ({ ...machine, path: ["machines", index] as Path })),
  ];
}

function sources(os: PartialForm["os"], path: Path): readonly Stated<Source>[] {
  if (!os || !("image" in os || "kernel" in os || "initrd" in os)) return [];
  return (["image", "kernel", "initrd"] as const).flatMap((name) => {
    const source = os[name];
    return source?.url ? [{ value: sourceOf({ ...source, url: source.url }), path: [...path, name] }] : [];
  });
}

export function clusterOfNewForm(form: NewForm): Cluster {
  const { range, nameServers, ...network } = form.network;
  const { version, dnsAddress, ...kubernetes } = form.kubernetes;
  return {
    name: form.cluster,
    domain: form.domain,
    network: {
      ...network,
      ranges: range ? [range] : [],
      nameServers: nameServers ?? [network.bootstrapper],
      leasesBy: "mac",
      interfaces: [],
      options: [],
      subnets: [],
      routerAdvertisements: network.dhcp === "serve",
    },
    dns: { records: [], forward: [], keys: [], api: "api", ingress: "apps" },
    kubernetes: { ...kubernetes, ...(version && { version }), dnsAddress: dnsAddress ?? nth(kubernetes.serviceSubnet, 10) },
    sshKeys: form.sshKeys,
    machines: form.machines.map((machine) => machineOf(machine, form)),
    unlisted: { become: "discovered" },
    images: [...new Set(form.images)],
    mirrors: form.mirrors,
    install: form.install,
  };
}

function machineOf({ arch, address, os, disk, roles, ...machine }: NewForm["machines"][number], form: NewForm): Machine {
  return {
    ...machine,
    ...(address && { address }),
    roles: ROLES.filter((role) => roles.includes(role)),
    architecture: arch,
    os: osOf(os ?? form.os),
    disk: diskOf(disk ?? form.disk),
    options: [],
    secureBoot: false,
  };
}

function osOf(os: NewForm["os"]): Os {
  return os.target === "flatcar" ? os : { ...os, image: sourceOf(os.image), kernel: sourceOf(os.kernel), initrd: sourceOf(os.initrd) };
}

const sourceOf = ({ url, sha256 }: { readonly url: string; readonly sha256?: string | undefined }): Source => ({
  url,
  ...(sha256 && { sha256 }),
});

function diskOf({ device, serial, minSize, maxSize, ...rule }: NewForm["disk"]): DiskRule {
  return {
    ...(device && { device }),
    ...(serial && { serial }),
    ...(minSize !== undefined && { minSize }),
    ...(maxSize !== undefined && { maxSize }),
    ...rule,
  };
}
