/** A DNS server that knows a small rack, messages for it, and upstream servers that behave or do not. */

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { Packet } from "dns2";
import type { World } from "../../bootstrapper/dns/answer.ts";
import { type Lease, leasesOf } from "../../bootstrapper/dns/leases.ts";
import { type DnsOptions, type DnsServer, startDns } from "../../bootstrapper/dns/service.ts";
import { type Description, zonesOf } from "../../bootstrapper/dns/zone/zones.ts";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import type { UdpPeer } from "../../bootstrapper/wire/udp.ts";
import { type Ipv4, ipv4, mac, type Subnet, subnet } from "../../cluster/address.ts";
import type { Dns, DnsRecord, TsigKey } from "../../cluster/cluster.ts";
import { freePort } from "./free-port.ts";
import { memoryStore } from "./memory-store.ts";
import { type UdpProbe, udpProbe } from "./udp-probe.ts";

export const LEASES: readonly Lease[] = [
  { mac: mac("52:54:00:00:00:12"), address: ipv4("10.0.0.150"), hostname: "debian" },
  { mac: mac("52:54:00:00:00:99"), address: ipv4("10.0.0.199"), hostname: "stranger" },
];

export interface Described {
  readonly net?: Subnet;
  readonly further?: readonly Subnet[];
  readonly domain?: string;
  readonly dns?: Partial<Dns>;
  readonly upstream?: readonly Ipv4[];
  /** One address for all API servers. */
  readonly virtual?: Ipv4;
}

/** cp-1 and cp-2 have reserved addresses, w-1 a leased one, w-2 none; 52:54:00:00:00:99 is not listed. */
export function described({
  net = subnet("10.0.0.0/24"),
  further = [],
  domain = "cluster.lab",
  dns = {},
  upstream = [],
  virtual,
}: Described = {}): Description {
  const machines = [
    { mac: mac("52:54:00:00:00:11"), name: "cp-1", address: ipv4("10.0.0.11"), roles: ["control-plane"] },
    { mac: mac("52:54:00:00:00:14"), name: "cp-2", address: ipv4("10.0.0.14"), roles: ["control-plane"] },
    { mac: mac("52:54:00:00:00:12"), name: "w-1", roles: ["worker"] },
    { mac: mac("52:54:00:00:00:13"), name: "w-2", roles: ["worker"] },
  ];
  const network = {
    subnet: net,
    subnets: further.map((one) => ({ subnet: one })),
    bootstrapper: ipv4("10.0.0.1"),
    bootstrapperName: "bootstrapper",
    upstream,
  };
  return {
    domain,
    machines,
    network,
    dns: { records: [], forward: [], keys: [], api: "api", ingress: "apps", ...dns },
    kubernetes: virtual ? { virtualAddress: { address: virtual } } : {},
  } as unknown as Description;
}

/** Everything an answer may depend on; the client is a neighbour without a key. */
export function world(described_: Described = {}, rest: Partial<World> & { readonly held?: readonly Lease[] } = {}): World {
  const { held = LEASES, ...others } = rest;
  return {
    zones: zonesOf(described(described_)),
    leases: leasesOf(held),
    serial: 7,
    upstream: true,
    ours: true,
    mayTransfer: false,
    ...others,
  };
}

export const record = (name: string, data: Record<string, unknown>, ttl = 300): DnsRecord =>
  ({ name, ttl, ...data }) as unknown as DnsRecord;

export const SECRET = Buffer.from("it is a secret of 32 bytes: 1234");
export const keyText = (name: string, algorithm = "hmac-sha256", secret = SECRET): string =>
  `key "${name}" {\n\talgorithm ${algorithm};\n\tsecret "${secret.toString("base64")}";\n};\n`;
export const key = (
  name: string,
  may: TsigKey["may"] = ["update", "transfer"],
  algorithm: TsigKey["algorithm"] = "hmac-sha256",
): TsigKey => ({ name, algorithm, may });

export interface Serving extends DnsServer {
  readonly entries: Omit<JournalEntry, "at">[];
}

export interface ServeOptions extends Partial<Omit<DnsOptions, "cluster">> {
  readonly described?: Described;
  /** Upstream servers and where they really listen. */
  readonly upstream?: readonly UdpPeer[];
}

/** On loopback. The secret of every key is SECRET, in the file its name says. */
export async function serveDns({ described: text = {}, upstream = [], ...rest }: ServeOptions = {}): Promise<Serving> {
  const entries: Serving["entries"] = [];
  const names = upstream.map((_, index) => ipv4(`192.0.2.${index + 1}`));
  const { keys = [] } = text.dns ?? {};
  const server = await startDns({
    address: ipv4("127.0.0.1"),
    port: 0,
    cluster: described({ ...text, upstream: names }),
    leases: leasesOf(LEASES),
    store: memoryStore(),
    readSecret: async (path) => {
      const known = keys.find(({ name }) => path.endsWith(`/${name}.key`));
      if (!known) throw new Error(`${path} is missing`);
      return Buffer.from(keyText(known.name, known.algorithm));
    },
    at: (address) => upstream[names.indexOf(address)] ?? { address, port: 53 },
    journal: (entry) => entries.push(entry),
    ...rest,
  });
  return { ...server, entries };
}

export interface Writing {
  readonly id?: number;
  readonly type?: number;
  readonly class?: number;
  /** UDP payload size; absent: no EDNS. */
  readonly edns?: number;
  readonly recursion?: boolean;
}

/** A query as dns2 writes it. */
export function query(
  name: string,
  { id = 0x1234, type = Packet.TYPE.A, class: class_ = 1, edns, recursion = true }: Writing = {},
): Buffer {
  const packet = new Packet();
  packet.header = new Packet.Header({ id, rd: recursion ? 1 : 0 });
  packet.questions = [new Packet.Question(name, type, class_)];
  if (edns !== undefined) packet.additionals = [Packet.Resource.EDNS([], { udpPayloadSize: edns })];
  return packet.toBuffer();
}

export const parsed = (bytes: Uint8Array): InstanceType<typeof Packet> => Packet.parse(Buffer.from(bytes));

/** What an upstream server makes of a query; several messages, or none. */
export type Behaviour = (query: InstanceType<typeof Packet>, raw: Buffer) => readonly Buffer[];

export interface Upstream {
  readonly port: number;
  /** Source port and id of every UDP query. */
  readonly asked: { port: number; id: number; tcp: boolean }[];
  close(): void;
}

/** A good answer: an A record for whatever was asked. */
export function respond(asked: InstanceType<typeof Packet>, address = "192.0.2.7", ttl = 300): InstanceType<typeof Packet> {
  const packet = Packet.createResponseFromRequest(asked);
  packet.answers = [new Packet.Resource({ name: asked.questions[0]!.name, type: Packet.TYPE.A, class: 1, ttl, address })];
  return packet;
}

/** Over UDP it behaves by `udp`; over TCP, when given, by `tcp`. */
export async function fakeUpstream(udp: Behaviour, tcp?: Behaviour): Promise<Upstream> {
  const probe: UdpProbe = await udpProbe(tcp && (await freePort()));
  const asked: Upstream["asked"] = [];
  let open = true;
  void (async () => {
    while (open) {
      const heard = await probe.next(100).catch(() => undefined);
      if (!heard) continue;
      const raw = Buffer.from(heard.bytes);
      asked.push({ port: heard.port, id: raw.readUInt16BE(0), tcp: false });
      for (const answer of udp(parsed(raw), raw)) if (open) probe.send(answer, heard.port);
    }
    probe.close();
  })();
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (part) => {
      const raw = Buffer.from(part).subarray(2);
      asked.push({ port: socket.remotePort!, id: raw.readUInt16BE(0), tcp: true });
      for (const answer of tcp?.(parsed(raw), raw) ?? [])
        socket.write(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 255), answer]));
    });
  });
  if (tcp) await once(server.listen(probe.port, "127.0.0.1"), "listening");
  return {
    port: probe.port,
    asked,
    close: () => {
      open = false;
      server.close();
    },
  };
}
