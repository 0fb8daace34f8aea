/** A small rack and the messages its machines send, for the DHCP tests. */

import type { World } from "../../bootstrapper/dhcp/answer.ts";
import { type AddressPlan, type Book, openBook, record } from "../../bootstrapper/dhcp/leases.ts";
import type { MessageType, Options } from "../../bootstrapper/dhcp/options.ts";
import { encodePacket, type Packet } from "../../bootstrapper/dhcp/packet.ts";
import { siteOf } from "../../bootstrapper/dhcp/site.ts";
import type { NextBoot } from "../../bootstrapper/machines/machine.ts";
import { type Ipv4, ipv4, type Mac, mac, NOWHERE, subnet } from "../../cluster/address.ts";
import type { Cluster, Machine, Network } from "../../cluster/cluster.ts";
import { PLAIN_KUBERNETES } from "./kubernetes-defaults.ts";

export const SERVER = ipv4("10.77.0.1");
export const CP1 = mac("52:54:00:77:00:01");
export const W1 = mac("52:54:00:77:00:02");
/** Listed, without an address of its own. */
export const W2 = mac("52:54:00:77:00:03");
export const STRANGER = mac("52:54:00:99:00:01");
export const NOON = Date.UTC(2026, 0, 1, 12);

/** 02:00:00:..., one for each number. */
export const stranger = (number: number): Mac => mac(`02${number.toString(16).padStart(10, "0")}`);

const machine = (name: string, address: Mac, reserved?: string): Machine => ({
  mac: address,
  name,
  ...(reserved && { address: ipv4(reserved) }),
  roles: ["worker"],
  architecture: "amd64",
  os: { target: "flatcar", channel: "stable", version: "current" },
  disk: { pick: "first", wipe: "blank" },
  labels: {},
  options: [],
  secureBoot: false,
});

export function rack(network: Partial<Network> = {}, more: Partial<Cluster> = {}): Cluster {
  return {
    name: "lab",
    domain: "lab.test",
    network: {
      subnet: subnet("10.77.0.0/24"),
      bootstrapper: SERVER,
      bootstrapperName: "sextant",
      routers: [ipv4("10.77.0.254")],
      ranges: [{ first: ipv4("10.77.0.100"), last: ipv4("10.77.0.109") }],
      nameServers: [SERVER],
      upstream: [],
      lease: 3600,
      dhcp: "serve",
      ntp: true,
      leasesBy: "mac",
      interfaces: [],
      options: [],
      subnets: [],
      routerAdvertisements: true,
      ...network,
    },
    dns: { records: [], forward: [], keys: [], api: "api", ingress: "apps" },
    kubernetes: PLAIN_KUBERNETES,
    sshKeys: [],
    machines: [machine("cp-1", CP1, "10.77.0.11"), machine("w-1", W1, "10.77.0.12"), machine("w-2", W2)],
    unlisted: { become: "discovered" },
    images: [],
    extras: [],
    mirrors: [],
    install: { window: 3600, attempts: 3 },
    ...more,
  };
}

/** The rack without its routers and reservations moved onto 127.0.0.0/24, where a test may send packets. */
export const onLoopback = (network: Partial<Network> = {}): Cluster => ({
  ...rack({
    subnet: subnet("127.0.0.0/24"),
    bootstrapper: ipv4("127.0.0.1"),
    routers: [],
    nameServers: [],
    ranges: [{ first: ipv4("127.0.0.100"), last: ipv4("127.0.0.109") }],
    ...network,
  }),
  machines: [machine("cp-1", CP1, "127.0.0.11"), machine("w-1", W1, "127.0.0.12"), machine("w-2", W2)],
});

export const install: NextBoot = { do: "install", because: "it was never installed" };

export function world(changes: Partial<World> & { readonly cluster?: Cluster } = {}): World {
  const { cluster = rack(), ...rest } = changes;
  const site = siteOf(cluster, cluster.network.bootstrapper);
  return { site, book: openBook(site.addresses, []).book, now: NOON, nextBoot: () => install, ...rest };
}

/** A book in which these machines have leases that end in an hour. */
export function bookWith(plan: AddressPlan, ...leases: readonly (readonly [Mac, string])[]): Book {
  const { book } = openBook(plan, []);
  for (const [owner, address] of leases)
    record(book, { mac: owner, address: ipv4(address), state: "bound", endsAt: NOON + 3_600_000 }, NOON);
  return book;
}

export function message(type: MessageType | undefined, options: Options = {}, header: Partial<Packet> = {}): Packet {
  return {
    op: "request",
    hardwareType: 1,
    hops: 0,
    transaction: 0x5e47a27,
    seconds: 0,
    broadcast: false,
    clientAddress: NOWHERE,
    yourAddress: NOWHERE,
    serverAddress: NOWHERE,
    relayAddress: NOWHERE,
    mac: CP1,
    serverName: "",
    bootFile: "",
    options: { ...(type && { messageType: type }), ...options },
    oddities: [],
    ...header,
  };
}

/** What is at an address as bytes: `encodePacket` for tests that then damage them. */
export const bytesOf = (...args: Parameters<typeof message>): Uint8Array => encodePacket(message(...args));

export const PXE: Record<string, Options> = {
  bios: { architectures: [0], vendorClass: "PXEClient:Arch:00000:UNDI:002001" },
  uefi: { architectures: [7], vendorClass: "PXEClient:Arch:00007:UNDI:003000" },
  arm64: { architectures: [11], vendorClass: "PXEClient:Arch:00011:UNDI:003000" },
  http: { architectures: [16], vendorClass: "HTTPClient:Arch:00016:UNDI:003000" },
  ipxe: { architectures: [7], vendorClass: "PXEClient:Arch:00007:UNDI:003010", userClass: new TextEncoder().encode("iPXE") },
};

export const at = (address: string): { readonly requestedAddress: Ipv4 } => ({ requestedAddress: ipv4(address) });
