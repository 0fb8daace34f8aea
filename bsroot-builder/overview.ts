/** What a description says of networks, DHCP, DNS, Secure Boot and Kubernetes beyond the plain case, in lines to read over. */
import { cidr, toNumber } from "../cluster/address.ts";
import type { Cluster, DhcpOption, FurtherSubnet } from "../cluster/cluster.ts";
import { describeOption } from "../cluster/dhcp-options.ts";
import { needs } from "../cluster/kubernetes/matrix.ts";
import { osChoices } from "../cluster/queries.ts";

/** Empty for one network with one range and nothing else. */
export const overview = (cluster: Cluster): readonly string[] => [
  ...networks(cluster),
  ...dhcp(cluster),
  ...dns(cluster),
  ...firmware(cluster),
  ...kubernetes(cluster),
];

function networks({ network }: Cluster): readonly string[] {
  if (network.subnets.length === 0 && network.ranges.length < 2) return [];
  return [{ ...network, options: [] }, ...network.subnets].map(oneNetwork);
}

function oneNetwork({ subnet, bootstrapper, ranges, options }: FurtherSubnet): string {
  const free = ranges.reduce((sum, { first, last }) => sum + toNumber(last) - toNumber(first) + 1, 0);
  return [
    `network ${cidr(subnet)} ${bootstrapper ? `served from ${bootstrapper}` : "served through a relay"}`,
    free === 0 ? "reserved addresses only" : `${counted(free, "address", "addresses")} to lend`,
    ...(options.length > 0 ? [spell(options)] : []),
  ].join(", ");
}

function dhcp({ network, machines }: Cluster): readonly string[] {
  const { interfaces, leasesBy, options } = network;
  return [
    ...(interfaces.length > 0 ? [`DHCP on ${interfaces.join(", ")}`] : []),
    ...(leasesBy === "client-id" ? ["leases by client-id"] : []),
    ...(options.length > 0 ? [`DHCP options: ${spell(options)}`] : []),
    ...machines
      .filter((machine) => machine.options.length > 0)
      .map((machine) => `DHCP options of ${machine.name}: ${spell(machine.options)}`),
  ];
}

function dns({ dns: { records, forward, keys } }: Cluster): readonly string[] {
  return [
    ...(records.length > 0 ? [`DNS: ${counted(records.length, "record", "records")} beside the machines' own`] : []),
    ...forward.map(({ zone, servers }) => `DNS: ${zone} is asked of ${servers.join(", ")}`),
    ...keys.map(({ name, algorithm, may }) => `DNS key ${name} (${algorithm}) may ${may.join(" and ")} the zone`),
  ];
}

function firmware({ machines }: Cluster): readonly string[] {
  const signed = machines.filter(({ secureBoot }) => secureBoot);
  if (signed.length === 0) return [];
  return [`Secure Boot: ${signed.length === machines.length ? "every machine" : signed.map(({ name }) => name).join(", ")}`];
}

/** Which releases, and what they ask of the machines' systems. */
function kubernetes(cluster: Cluster): readonly string[] {
  const { version, offered, imagePullSecrets } = cluster.kubernetes;
  if (version === undefined) return [];
  const asked = osChoices(cluster).flatMap(({ os }) =>
    version === "current"
      ? []
      : needs(version, os).map(({ what, because, source }) => `Kubernetes on ${os.target}: needs ${what}, as ${because} (${source})`),
  );
  const pulls = imagePullSecrets.map(
    ({ name, registry, namespaces }) =>
      `pods in ${namespaces.join(", ")} pull from ${registry} with Secret ${name}, by docker login ${registry}`,
  );
  return [`Kubernetes ${version}${offered.length > 0 ? `, ${offered.join(", ")} carried along` : ""}`, ...new Set(asked), ...pulls];
}

const spell = (options: readonly DhcpOption[]): string =>
  options.map(({ code, hex }) => describeOption(code, Buffer.from(hex, "hex"))).join("; ");
const counted = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`;
