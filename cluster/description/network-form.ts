/** The machines' networks and how they are served, as the recommended form writes them. */
import { block, fewOf, list, names, oneOrList, word } from "./fields.ts";
import { dhcpOptions } from "./options-form.ts";
import * as values from "./values.ts";
import { address, dnsLabel, leaseTime, network, yesNo } from "./words.ts";

const ADDRESSES = "a list, as in [10.0.0.1]";
const range = oneOrList(word(values.addressRange, "10.0.0.100-10.0.0.199"), "[10.0.0.100-10.0.0.149, 10.0.0.160-10.0.0.199]");

/** What people write instead of a field that a network and a further subnet both have. */
const OTHERS = { router: "routers", gateway: "routers", dns: "nameServers", nameservers: "nameServers", ranges: "range", pool: "range" };

const furtherSubnet = block(
  {
    subnet: network.describe("The network, as address/prefix."),
    bootstrapper: address
      .optional()
      .describe("The bootstrapper's own static address in it; without one the network is reached through a relay."),
    routers: list(address, ADDRESSES).prefault([]).describe("Gateways given to its machines."),
    range: range.optional().describe("Addresses for its machines without one of their own: first-last, or a list of such."),
    nameServers: list(address, ADDRESSES).optional().describe("DNS servers given to its machines; those of network when absent."),
    lease: leaseTime.optional().describe("How long an address is lent; as in network when absent."),
    options: dhcpOptions.prefault({}).describe("DHCP options for its machines, in place of those of network."),
  },
  "subnet: and routers:",
  { ...OTHERS, ip: "bootstrapper", relay: "routers" },
);

export const networkBlock = block(
  {
    subnet: network.describe("The network the machines are in, as address/prefix."),
    bootstrapper: address.describe("The bootstrapper's own static address in it."),
    bootstrapperName: dnsLabel("bootstrapper").prefault("bootstrapper").describe("The bootstrapper's host name."),
    routers: list(address, "a list, as in [10.0.0.254]").prefault([]).describe("Gateways given to the machines."),
    range: range.optional().describe("Addresses for machines without one of their own: first-last, or a list of such."),
    nameServers: list(address, ADDRESSES).optional().describe("DNS servers given to the machines; the bootstrapper when absent."),
    upstream: list(address, "a list, as in [9.9.9.9]")
      .prefault([])
      .describe("DNS servers the bootstrapper asks for names that are not the cluster's."),
    lease: leaseTime.prefault("12h").describe("How long an address is lent: 12h, 7d or infinite."),
    dhcp: names(["serve", "proxy"])
      .prefault("serve")
      .describe("serve: the bootstrapper gives addresses. proxy: the site's own DHCP server does."),
    ntp: yesNo.prefault("true").describe("Whether the bootstrapper serves time to the machines."),
    interfaces: fewOf(word(values.interfaceName, "eth1"), "a list, as in [eth1]")
      .prefault([])
      .describe("Network interfaces that DHCP is served on; those with the bootstrapper's own addresses when absent."),
    leasesBy: names(["mac", "client-id"], { clientid: "client-id", duid: "client-id", "client-identifier": "client-id" })
      .prefault("mac")
      .describe("mac: one lease for each network card. client-id: one for each DHCP client-id, where the client sends one."),
    routerAdvertisements: yesNo
      .optional()
      .describe("Whether IPv6 routers are advertised to be absent, so that firmware need not wait for one; true unless dhcp is proxy."),
    options: dhcpOptions.prefault({}).describe("DHCP options for every machine."),
    subnets: fewOf(furtherSubnet, "a list of networks, each with subnet:")
      .prefault([])
      .describe("Further networks of machines, behind relays or on interfaces of the bootstrapper."),
  },
  "subnet: and bootstrapper:",
  { ...OTHERS, ip: "bootstrapper", interface: "interfaces", option: "options" },
);
