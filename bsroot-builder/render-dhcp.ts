/** What DHCP will tell one machine, option by option and where each comes from. */
import { broadcast, contains, type Ipv4, netmask } from "../cluster/address.ts";
import type { Cluster, DhcpOption, FurtherSubnet, Machine } from "../cluster/cluster.ts";
import { describeOption, encodeOption } from "../cluster/dhcp-options.ts";

/** One line each. What the machine boots is not in it: that is decided anew for every boot (`--what boot`). */
export function renderDhcp(cluster: Cluster, machine: Machine): string {
  const { network } = cluster;
  const subnet = subnetOf(cluster, machine.address);
  const said = new Map<number, string>();
  const say = (options: readonly DhcpOption[], from: string): void => {
    for (const { code, hex } of options) said.set(code, `${describeOption(code, Buffer.from(hex, "hex"))}${from && `  (${from})`}`);
  };
  say(derived(cluster, subnet, machine), "");
  say(network.options, "network.options");
  say(subnet === network ? [] : subnet.options, "options of its subnet");
  say(machine.options, "its own options");
  const lines = [...said].sort(([a], [b]) => a - b).map(([, line]) => line);
  return [`address ${machine.address ?? addresses(subnet)}`, ...(network.dhcp === "proxy" ? [PROXY] : lines), ""].join("\n");
}

const PROXY = "(the site's own DHCP server says the rest)";

const addresses = ({ ranges }: FurtherSubnet): string =>
  ranges.length > 0 ? `one of ${ranges.map(({ first, last }) => `${first}-${last}`).join(", ")}` : "none";

/** Without an address of its own a machine is where it is plugged in; the first network stands for that. */
const subnetOf = ({ network }: Cluster, address: Ipv4 | undefined): FurtherSubnet =>
  [network, ...network.subnets].find(({ subnet }) => address && contains(subnet, address)) ?? network;

function derived({ network, domain }: Cluster, subnet: FurtherSubnet, { name }: Machine): readonly DhcpOption[] {
  const lease = subnet.lease ?? network.lease;
  const servers = subnet.nameServers ?? network.nameServers;
  const own = subnet.bootstrapper ?? network.bootstrapper;
  return [
    encodeOption(1, [netmask(subnet.subnet.prefix)]),
    ...(subnet.routers.length > 0 ? [encodeOption(3, subnet.routers)] : []),
    encodeOption(6, servers.length > 0 ? servers : [own]),
    encodeOption(12, [name]),
    encodeOption(15, [domain]),
    encodeOption(28, [broadcast(subnet.subnet)]),
    ...(network.ntp ? [encodeOption(42, [own])] : []),
    { code: 51, hex: (Number.isFinite(lease) ? lease : 2 ** 32 - 1).toString(16).padStart(8, "0") },
  ];
}
