/** The recommended form -> the facts to check, and the Cluster once they hold. */
import { z } from "zod";
import type { Range } from "../address.ts";
import { type Cluster, type DhcpOption, type DiskRule, type FurtherSubnet, type Machine, type Os, ROLES, type Source } from "../cluster.ts";
import { GPU_LABEL } from "../kubernetes/addons.ts";
import type { AddOnFacts } from "./checks/addons.ts";
import type { GpuFacts } from "./checks/gpus.ts";
import type { HighAvailabilityFacts } from "./checks/high-availability.ts";
import type { PullSecretFacts } from "./checks/pull-secrets.ts";
import type { ReleaseFacts } from "./checks/releases.ts";
import { completed } from "./dns-record.ts";
import { eachStated, type Facts, isLost, type NetworkFacts, type OptionsFacts, type Stated, stated } from "./facts.ts";
import { kubernetesOf } from "./kubernetes-of.ts";
import { type NewForm, newForm } from "./new-form.ts";
import type { WrittenOption } from "./options-form.ts";
import type { Path } from "./problem.ts";
import type { Gaps } from "./salvage.ts";

export const partialForm = z.deepPartial(newForm);
type PartialForm = z.output<typeof partialForm>;

export function factsOfNewForm(form: PartialForm, gaps: Gaps): Facts {
  const { network, kubernetes } = form;
  return {
    domain: stated(form.domain, "domain"),
    bootstrapperName: stated(network?.bootstrapperName, "network", "bootstrapperName"),
    networks: [
      networkOf(network ?? {}, ["network"]),
      ...(network?.subnets ?? []).map((one, index) => networkOf(one, ["network", "subnets", index])),
    ],
    interfaces: eachStated(network?.interfaces, "network", "interfaces"),
    options: optionsOf(form),
    upstream: eachStated(network?.upstream, "network", "upstream"),
    dhcp: network?.dhcp,
    dns: {
      records: eachStated(form.dns?.records, "dns", "records"),
      forward: (form.dns?.forward ?? []).map(({ zone, servers }, index) => ({
        zone: stated(zone, "dns", "forward", index, "zone"),
        servers: eachStated(servers, "dns", "forward", index, "servers"),
      })),
      keys: (form.dns?.keys ?? []).flatMap(({ name }, index) => stated(name, "dns", "keys", index, "name") ?? []),
      api: stated(form.dns?.api, "dns", "api"),
      ingress: stated(form.dns?.ingress, "dns", "ingress"),
    },
    podSubnet: stated(kubernetes?.podSubnet, "kubernetes", "podSubnet"),
    serviceSubnet: stated(kubernetes?.serviceSubnet, "kubernetes", "serviceSubnet"),
    dnsDomain: stated(kubernetes?.dnsDomain, "kubernetes", "dnsDomain"),
    dnsAddress: stated(kubernetes?.dnsAddress, "kubernetes", "dnsAddress"),
    releases: releasesOf(form),
    addOns: addOnsOf(form),
    pullSecrets: pullSecretsOf(form),
    kubernetes: highAvailabilityOf(form),
    gpus: gpusOf(form),
    extraPaths: (form.extras ?? []).flatMap(({ path }, index) => stated(path, "extras", index, "path") ?? []),
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

function releasesOf({ kubernetes, machines }: PartialForm): ReleaseFacts {
  return {
    version: stated(kubernetes?.version, "kubernetes", "version"),
    offered: eachStated(kubernetes?.offered, "kubernetes", "offered"),
    components: Object.fromEntries(
      Object.entries(kubernetes?.components ?? {}).map(([name, value]) => [name, stated(value, "kubernetes", "components", name)]),
    ),
    machines: (machines ?? []).map(({ kubernetes: release, roles }, index) => ({
      release: stated(release, "machines", index, "kubernetes"),
      roles,
    })),
  };
}

function gpusOf({ machines, os: forAll }: PartialForm): readonly GpuFacts[] {
  return (machines ?? []).flatMap(({ gpu, os = forAll, arch }, index) => {
    if (gpu === undefined) return [];
    const version = os && "version" in os ? os.version : undefined;
    return [{ path: ["machines", index, "gpu"], architecture: arch, target: os?.target, version }];
  });
}

function addOnsOf({ kubernetes, machines, dns }: PartialForm): AddOnFacts {
  return {
    asked: kubernetes?.version !== undefined,
    podNetwork: kubernetes?.podNetwork,
    clusterDns: kubernetes?.clusterDns,
    nodePorts: kubernetes?.nodePorts,
    written: Object.entries(kubernetes?.addons ?? {}).map(([name, settings]) => ({
      name,
      path: ["kubernetes", "addons", name],
      settings: settings ?? {},
    })),
    charts: (kubernetes?.charts ?? []).flatMap(({ name }, index) => stated(name, "kubernetes", "charts", index, "name") ?? []),
    keys: (dns?.keys ?? []).flatMap(({ name, may = [] }) => (name === undefined ? [] : [{ name, may: may.flatMap((one) => one ?? []) }])),
    labels: (machines ?? []).map(labelsOf),
  };
}

const pullSecretsOf = ({ kubernetes }: PartialForm): readonly PullSecretFacts[] =>
  (kubernetes?.imagePullSecrets ?? []).map(({ name, registry, namespaces }, index) => {
    const path: Path = ["kubernetes", "imagePullSecrets", index];
    const at = <T>(value: T | undefined, ...rest: Path) => stated(value, ...path, ...rest);
    return { path, name: at(name, "name"), registry: at(registry, "registry"), namespaces: eachStated(namespaces, ...path, "namespaces") };
  });

function highAvailabilityOf({ kubernetes, machines, os }: PartialForm): HighAvailabilityFacts {
  const { virtualAddress } = kubernetes ?? {};
  return {
    version: stated(kubernetes?.version, "kubernetes", "version"),
    virtual: virtualAddress && {
      address: stated(virtualAddress.address, "kubernetes", "virtualAddress", "address"),
      by: stated(virtualAddress.by, "kubernetes", "virtualAddress", "by"),
    },
    expectedEtcd: stated(kubernetes?.expectedEtcd, "kubernetes", "expectedEtcd"),
    podNetwork: stated(kubernetes?.podNetwork, "kubernetes", "podNetwork"),
    maxPods: stated(kubernetes?.maxPods, "kubernetes", "maxPods"),
    clusterDns: kubernetes?.clusterDns,
    systems: (machines ?? []).map((machine) => {
      const system = machine.os ?? os ?? {};
      return { target: system.target, ...("packages" in system && { packages: system.packages }) };
    }),
  };
}

type PartialNetwork = NonNullable<NonNullable<PartialForm["network"]>["subnets"]>[number];

function networkOf({ subnet, bootstrapper, routers, nameServers, range }: PartialNetwork, path: Path): NetworkFacts {
  return {
    path,
    subnet: stated(subnet, ...path, "subnet"),
    bootstrapper: stated(bootstrapper, ...path, "bootstrapper"),
    routers: eachStated(routers, ...path, "routers"),
    nameServers: eachStated(nameServers, ...path, "nameServers"),
    ranges: Array.isArray(range) ? eachStated(range, ...path, "range") : [stated(range, ...path, "range") ?? []].flat(),
    rangePath: [...path, "range"],
  };
}

function optionsOf({ network, machines }: PartialForm): readonly OptionsFacts[] {
  return [
    { level: "network", written: network?.options ?? [], path: ["network", "options"] },
    ...(network?.subnets ?? []).map(({ options }, index) => ({
      level: "subnet" as const,
      written: options ?? [],
      path: ["network", "subnets", index, "options"],
    })),
    ...(machines ?? []).map(({ options }, index) => ({
      level: "machine" as const,
      written: options ?? [],
      path: ["machines", index, "options"],
    })),
  ];
}

/** Everything that may have an os and a disk rule of its own: the description and each machine. */
function owners(form: PartialForm) {
  return [
    { ...form, path: [] as Path },
    ...(form.machines ?? []).map((machine, index) => ({ ...machine, path: ["machines", index] as Path })),
  ];
}

function sources(os: PartialForm["os"], path: Path): readonly Stated<Source>[] {
  return Object.entries(os ?? {}).flatMap(([name, value]) => {
    const source = typeof value === "object" ? value : {};
    return source.url === undefined ? [] : [{ value: sourceOf({ ...source, url: source.url }), path: [...path, name] }];
  });
}

export function clusterOfNewForm(form: NewForm): Cluster {
  const { range, nameServers, options, subnets, routerAdvertisements, ...network } = form.network;
  return {
    name: form.cluster,
    domain: form.domain,
    network: {
      ...network,
      ranges: rangesOf(range),
      nameServers: nameServers ?? [network.bootstrapper],
      options: options.map(unkeyed),
      subnets: subnets.map(subnetOf),
      routerAdvertisements: routerAdvertisements ?? network.dhcp === "serve",
    },
    dns: { ...form.dns, records: form.dns.records.map((record) => completed(record, form.domain)) },
    kubernetes: kubernetesOf(form.kubernetes),
    sshKeys: form.sshKeys,
    machines: form.machines.map((machine) => machineOf(machine, form)),
    unlisted: { become: "discovered" },
    images: [...new Set(form.images)],
    extras: form.extras.map(({ arch, member, ...extra }) => ({ ...extra, ...(member && { member }), ...(arch && { architecture: arch }) })),
    mirrors: form.mirrors,
    install: form.install,
  };
}

const rangesOf = (range: Range | readonly Range[] | undefined): readonly Range[] => (range ? [range].flat() : []);
const unkeyed = ({ code, hex }: WrittenOption): DhcpOption => ({ code, hex });

function subnetOf({
  subnet,
  bootstrapper,
  routers,
  range,
  nameServers,
  lease,
  options,
}: NewForm["network"]["subnets"][number]): FurtherSubnet {
  return {
    subnet,
    ...(bootstrapper && { bootstrapper }),
    routers,
    ranges: rangesOf(range),
    ...(nameServers && { nameServers }),
    ...(lease !== undefined && { lease }),
    options: options.map(unkeyed),
  };
}

function machineOf(
  { arch, address, os, disk, roles, labels, taints, gpu, options, secureBoot, kubernetes, ...machine }: NewForm["machines"][number],
  form: NewForm,
): Machine {
  return {
    ...machine,
    ...(address && { address }),
    roles: ROLES.filter((role) => roles.includes(role)),
    architecture: arch,
    os: osOf(os ?? form.os),
    disk: diskOf(disk ?? form.disk),
    labels: labelsOf({ labels, gpu }),
    ...(gpu && { gpu }),
    ...(taints && { taints }),
    options: options.map(unkeyed),
    secureBoot: secureBoot ?? form.secureBoot,
    ...(kubernetes && { kubernetes }),
  };
}

/** A machine with a GPU bears the label that the device plugin looks for. */
const labelsOf = ({ labels = {}, gpu }: { readonly labels?: Record<string, string> | undefined; readonly gpu?: unknown }) =>
  gpu === undefined ? labels : { [GPU_LABEL]: "true", ...labels };

function osOf(os: NewForm["os"]): Os {
  switch (os.target) {
    case "flatcar": {
      const { extensions, updates, ...rest } = os;
      return { ...rest, ...(extensions && { extensions }), ...(updates && { updates }) };
    }
    case "fedora-coreos":
      return os;
    case "enterprise-linux": {
      const { tree, ...rest } = os;
      return { ...rest, ...(tree && { tree: sourceOf(tree) }) };
    }
    case "debian": {
      const { mirror, packages = [], ...rest } = os;
      return { ...rest, ...(mirror && { mirror }), ...(packages.length > 0 && { packages: [...new Set(packages)].sort() }) };
    }
    case "ubuntu":
      return { ...os, iso: sourceOf(os.iso), kernel: sourceOf(os.kernel), initrd: sourceOf(os.initrd) };
    case "raw-image":
      return { ...os, image: sourceOf(os.image), kernel: sourceOf(os.kernel), initrd: sourceOf(os.initrd) };
  }
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
