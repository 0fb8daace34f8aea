/** The DHCP server: sockets, clock and disk around `answer`. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Journal } from "../journal.ts";
import type { NextBoot } from "../machines/machine.ts";
import { sparing } from "../sparing-journal.ts";
import type { Store } from "../store/store.ts";
import { WireError } from "../wire/error.ts";
import { openUdp, type UdpPeer } from "../wire/udp.ts";
import { answer, type Decision, impropriety } from "./answer.ts";
import { type Ears, openEars, RECEIVE_BUFFER } from "./ears.ts";
import { type Lease, openBook, record } from "./leases.ts";
import { describe, describeJunk, greeting } from "./lines.ts";
import { decodePacket, encodePacket, type Packet } from "./packet.ts";
import { answerProxy, type Heard } from "./proxy.ts";
import { watchFor } from "./seen.ts";
import { siteOf } from "./site.ts";
import { type LeaseViews, viewsOf } from "./views.ts";

export interface DhcpSettings {
  readonly cluster: Cluster;
  /** Our address: the server identifier, and the interface that broadcasts leave on. */
  readonly server: Ipv4;
  readonly store: Store;
  nextBoot(mac: Mac): NextBoot;
  /** A machine asked. Called for every listed one, and for a bounded number of others. */
  onSeen(mac: Mac): void;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  readonly ports?: Ports;
  /** Opens a socket; tests put their own network in its place. */
  readonly open?: typeof openUdp;
  /** Leases that may wait for the disk at once; beyond them packets are dropped, and their machines ask again. */
  readonly waiting?: number;
}

export interface Ports {
  readonly server: number;
  readonly client: number;
  readonly relay: number;
  /** Where firmware asks a ProxyDHCP server again. */
  readonly pxe: number;
}

export interface Dhcp extends LeaseViews {
  /** One line for the status page. */
  health(): string;
  counts(): Readonly<DhcpCounts>;
  /** Where it listens. */
  readonly port: number;
  /** Answers what it has begun to answer, then frees the ports. */
  close(): Promise<void>;
}

export interface DhcpCounts {
  received: number;
  replied: number;
  ignored: number;
  /** Bytes that are no DHCP. */
  junk: number;
  /** Dropped because too many leases waited for the disk. */
  shed: number;
  /** Replies not sent: the disk or the network refused. */
  failed: number;
}

const PORTS: Ports = { server: 67, client: 68, relay: 67, pxe: 4011 };
const WAITING = 4096;
const STRANGERS = 4096;
/** Lines a minute, so that a flood of packets is no flood of lines: a thousand listed machines that boot need most. */
const LINES = { listed: 20_000, strangers: 1000, junk: 30 };

/** Loads the leases, takes the ports and answers. Throws UdpError when a port cannot be had. */
export async function startDhcp(settings: DhcpSettings): Promise<Dhcp> {
  const { cluster, server, store, now, ports = PORTS, waiting: limit = WAITING } = settings;
  const site = siteOf(cluster, server);
  const proxy = cluster.network.dhcp === "proxy";
  const ofListed = sparing(settings.journal, now, LINES.listed);
  const ofStrangers = sparing(settings.journal, now, LINES.strangers);
  const ofJunk = sparing(settings.journal, now, LINES.junk);
  const table = store.table<Lease>("leases");
  const { book, dropped } = openBook(site.addresses, (await table.entries()).values());
  for (const { lease, because } of dropped) {
    await table.remove(lease.address);
    settings.journal({ from: "dhcp", mac: lease.mac, level: "warning", text: `lease of ${lease.address} forgotten: ${because}` });
  }

  const counts: DhcpCounts = { received: 0, replied: 0, ignored: 0, junk: 0, shed: 0, failed: 0 };
  const underway = new Set<Promise<void>>();
  const seen = watchFor(site.machines, STRANGERS, settings.onSeen, () =>
    settings.journal({
      from: "dhcp",
      level: "warning",
      text: `more than ${STRANGERS} machines that are not listed; further ones are not shown`,
    }),
  );
  let ears: Ears | undefined;

  function hear(bytes: Uint8Array, from: UdpPeer, heard: Heard): Promise<void> | undefined {
    if (!ears) return undefined; // not all open yet, or closing
    counts.received += 1;
    if (underway.size >= limit) {
      counts.shed += 1;
      return undefined;
    }
    let packet: Packet;
    try {
      packet = decodePacket(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      counts.junk += 1;
      ofJunk(describeJunk(from, error));
      return undefined;
    }
    if (!impropriety(packet, site)) seen(packet.mac);
    const world = { site, book, now: now(), nextBoot: settings.nextBoot };
    const decision = proxy ? answerProxy(packet, heard, world) : answer(packet, world);
    if (decision.lease) record(book, decision.lease, world.now);
    const done = carryOut(packet, decision, from, heard, ears).finally(() => underway.delete(done));
    underway.add(done);
    return done;
  }

  /** The lease is on disk before its ACK leaves; many that come together share one sync. An offer is not worth one. */
  async function carryOut(packet: Packet, decision: Decision, from: UdpPeer, heard: Heard, mouth: Ears): Promise<void> {
    const { lease } = decision;
    const failed = (lease && lease.state !== "offered" && (await kept(lease))) || (await sent(decision, from, heard, mouth));
    if (failed) counts.failed += 1;
    else counts[decision.do === "reply" ? "replied" : "ignored"] += 1;
    const journal = site.machines.has(packet.mac) ? ofListed : ofStrangers;
    journal(describe(packet, decision, failed));
  }

  /** Why the lease could not be kept; undefined when it is on disk. */
  async function kept(lease: Lease): Promise<string | undefined> {
    try {
      await table.put(lease.address, lease);
      return undefined;
    } catch (error) {
      return `the lease could not be written to disk: ${error instanceof Error ? error.message : error}`;
    }
  }

  /** Why the reply could not be sent; undefined when it left, or when there is none. */
  async function sent(decision: Decision, from: UdpPeer, heard: Heard, mouth: Ears): Promise<string | undefined> {
    if (decision.do === "ignore") return undefined;
    const { to, address } = decision.to;
    const peer = to === "sender" ? from : { address, port: to === "relay" ? ports.relay : ports.client };
    const error = await mouth.send(heard, encodePacket(decision.packet, decision.room), peer);
    return error && `it could not be sent to ${peer.address}:${peer.port}: ${error.message}`;
  }

  const trouble = (error: Error): void =>
    ofJunk({ from: "dhcp", level: "warning", text: `a packet could not be handled: ${error.message}` });
  ears = await openEars(settings.open ?? openUdp, server, { server: ports.server, ...(proxy && { pxe: ports.pxe }) }, hear, trouble);
  const { port, receiveBuffer, close } = ears;
  settings.journal({ from: "dhcp", level: "info", text: greeting(site, proxy) });
  if (receiveBuffer < RECEIVE_BUFFER) settings.journal({ from: "dhcp", level: "info", text: smallBuffer(receiveBuffer) });
  return {
    ...viewsOf(site, book, now),
    port,
    counts: () => counts,
    health: () =>
      `${proxy ? "proxy" : "serving"}, ${counts.replied} answered${counts.shed > 0 ? `, ${counts.shed} dropped while the disk was busy` : ""}`,
    close: async () => {
      ears = undefined;
      await Promise.allSettled(underway);
      await close();
    },
  };
}

const smallBuffer = (granted: number): string =>
  `the kernel keeps only ${granted >> 10} KiB of packets for us, so machines of a large rack powered on at once may have to ask twice; ` +
  `allow more with: sysctl -w net.core.rmem_max=${RECEIVE_BUFFER}`;
