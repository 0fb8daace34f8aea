/** A DNS server that knows a small rack, messages for it, and upstream servers that behave or do not. */

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { Packet } from "dns2";
import { type Lease, type Records, recordsOf } from "../../bootstrapper/dns/records.ts";
import { type DnsOptions, startDns } from "../../bootstrapper/dns/service.ts";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import { ipv4, mac, type Subnet, subnet } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { type UdpProbe, udpProbe } from "./udp-probe.ts";

const LEASES: readonly Lease[] = [
  { mac: mac("52:54:00:00:00:12"), address: ipv4("10.0.0.150"), hostname: "debian" },
  { mac: mac("52:54:00:00:00:99"), address: ipv4("10.0.0.199"), hostname: "Stranger" },
];

/** cp-1 has a reserved address, w-1 a leased one, w-2 none; 52:54:00:00:00:99 is not listed. */
export function rack(leases: readonly Lease[] = LEASES, net: Subnet = subnet("10.0.0.0/24")): Records {
  const machines = [
    { mac: mac("52:54:00:00:00:11"), name: "cp-1", address: ipv4("10.0.0.11") },
    { mac: mac("52:54:00:00:00:12"), name: "w-1" },
    { mac: mac("52:54:00:00:00:13"), name: "w-2" },
  ];
  const network = { subnet: net, bootstrapper: ipv4("10.0.0.1"), bootstrapperName: "bootstrapper" };
  return recordsOf({ domain: "cluster.lab", network, machines } as unknown as Cluster, leases);
}

export interface Serving {
  readonly port: number;
  readonly entries: Omit<JournalEntry, "at">[];
  close(): Promise<void>;
}

export async function serveDns(overrides: Partial<DnsOptions> = {}): Promise<Serving> {
  const entries: Serving["entries"] = [];
  const records = rack();
  const server = await startDns({
    address: ipv4("127.0.0.1"),
    port: 0,
    records: () => records,
    upstream: [],
    journal: (entry) => entries.push(entry),
    ...overrides,
  });
  return { port: server.port, entries, close: () => server.close() };
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
  const probe: UdpProbe = await udpProbe();
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
