/** What becomes of one packet: decided, its lease kept, its reply sent, and all of it told. Nothing here waits for anything but that packet. */
import { EVERYWHERE, type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import type { NextBoot } from "../machines/machine.ts";
import type { Sparing } from "../sparing-journal.ts";
import type { Table } from "../store/store.ts";
import { WireError } from "../wire/error.ts";
import type { UdpPeer } from "../wire/udp.ts";
import { answer, type Decision, impropriety, inUse, type World } from "./answer.ts";
import type { LinkLayer } from "./below-udp.ts";
import type { Ears, Way } from "./ears.ts";
import { ipPacket } from "./frames.ts";
import { type Book, type Lease, record } from "./leases.ts";
import { describe, describeJunk } from "./lines.ts";
import { decodePacket, encodePacket, type Packet } from "./packet.ts";
import type { Probes } from "./probes.ts";
import { answerProxy } from "./proxy.ts";
import type { Site } from "./site.ts";

/** What is decided upon; a new description brings a new one. */
export interface Situation {
  readonly site: Site;
  readonly book: Book;
  readonly proxy: boolean;
}

export interface DeskSettings {
  situation(): Situation;
  readonly table: Table<Lease>;
  ears(): Ears;
  readonly ports: { readonly server: number; readonly client: number; readonly relay: number };
  /** Below UDP on an interface; undefined where that is not permitted. */
  link(device: string | undefined): LinkLayer | undefined;
  /** Absent: offers are made without asking. */
  readonly probes?: Probes;
  now(): number;
  nextBoot(mac: Mac): NextBoot;
  hasFile?(path: string): boolean;
  seen(mac: Mac): void;
  /** A machine chose the offer of this server. */
  onForeign(server: Ipv4, way: Way): void;
  /** Whose packets are passed over without a word. */
  isOurOwn(mac: Mac, way: Way): boolean;
  readonly journal: { readonly all: Journal; readonly listed: Sparing; readonly strangers: Sparing; readonly junk: Sparing };
  /** Something that was underway is over. */
  onDone(): void;
}

export interface DeskCounts {
  replied: number;
  ignored: number;
  /** Bytes that are no DHCP. */
  junk: number;
  /** Replies not sent: the disk or the network refused. */
  failed: number;
  /** Addresses found in use before they were offered. */
  conflicts: number;
}

export interface Desk {
  handle(bytes: Uint8Array, from: UdpPeer, way: Way): void;
  /** Leases on their way to the disk and replies on their way out. */
  underway(): number;
  /** Why the last lease could not be written; undefined when it was. */
  diskTrouble(): string | undefined;
  counts: Readonly<DeskCounts>;
}

/** A packet with how it came. */
interface Request {
  readonly packet: Packet;
  readonly from: UdpPeer;
  readonly way: Way;
}

/** How often another address is tried when somebody has the one that was to be offered. */
const TRIES = 8;

export function openDesk(settings: DeskSettings): Desk {
  const { situation, table, ports, probes, now, journal } = settings;
  const counts: DeskCounts = { replied: 0, ignored: 0, junk: 0, failed: 0, conflicts: 0 };
  /** The newest request for each address that is asked about, and what was decided. */
  const probing = new Map<Ipv4, Request & { readonly decision: Decision }>();
  let underway = 0;
  let diskTrouble: string | undefined;

  function handle(bytes: Uint8Array, from: UdpPeer, way: Way): void {
    let packet: Packet;
    try {
      packet = decodePacket(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      counts.junk += 1;
      journal.junk(() => describeJunk(from, error));
      return;
    }
    if (settings.isOurOwn(packet.mac, way)) return;
    const { site, proxy } = situation();
    if (!impropriety(packet, site)) settings.seen(packet.mac);
    const { messageType, serverId } = packet.options;
    const chosen = !proxy && messageType === "request" ? serverId : undefined;
    if (chosen !== undefined && packet.op === "request") settings.onForeign(chosen, way);
    decide({ packet, from, way }, TRIES);
  }

  function decide(request: Request, tries: number): void {
    const { packet, way } = request;
    const { site, book, proxy } = situation();
    const { nextBoot, hasFile } = settings;
    const world: World = { site, book, now: now(), heardOn: way.on, nextBoot, ...(hasFile && { hasFile }) };
    const decision = proxy ? answerProxy(packet, way.heard, world) : answer(packet, world);
    if (decision.lease) record(book, decision.lease, world.now);
    const { probe } = decision;
    const link = settings.link(way.device);
    const canBeAsked = probe !== undefined && tries > 0 && (link !== undefined || packet.relayAddress !== NOWHERE) && !isLoopback(probe);
    if (canBeAsked && probes) void askFirst(request, decision, probe, probes, tries);
    else carryOut(request, decision);
  }

  /** Only this machine's offer waits. If it asks again meanwhile, its newest question is the one answered. */
  async function askFirst(request: Request, decision: Decision, address: Ipv4, { ask }: Probes, tries: number): Promise<void> {
    const already = probing.has(address);
    probing.set(address, { ...request, decision });
    if (already) return;
    const relayed = request.packet.relayAddress !== NOWHERE;
    const answered = await ask(address, relayed ? undefined : settings.link(request.way.device));
    const newest = probing.get(address)!;
    probing.delete(address);
    const conflict = answered && inUse(address, answered.mac ?? NOBODY, newest.packet.mac, now());
    if (!conflict) {
      carryOut(newest, newest.decision);
      return;
    }
    counts.conflicts += 1;
    record(situation().book, conflict.lease, now());
    journal.all({ from: "dhcp", mac: newest.packet.mac, level: "warning", text: `no offer of ${address}: ${conflict.because}` });
    table.put(address, conflict.lease).catch(() => undefined); // asked anew after a restart
    decide(newest, tries - 1);
  }

  /** The lease is on disk before its ACK leaves; many that come together share one sync. An offer is not worth one. */
  function carryOut(request: Request, decision: Decision): void {
    const { lease } = decision;
    underway += 1;
    if (!lease || lease.state === "offered") {
      send(request, decision);
      return;
    }
    table.put(lease.address, lease).then(
      () => {
        diskTrouble = undefined;
        send(request, decision);
      },
      (error: Error) => {
        diskTrouble = error.message;
        done(request, decision, `the lease could not be written to disk: ${error.message}`);
      },
    );
  }

  function send(request: Request, decision: Decision): void {
    if (decision.do === "ignore") {
      done(request, decision);
      return;
    }
    const { way, from } = request;
    const bytes = encodePacket(decision.packet, decision.room);
    const own = decision.packet.options.serverId ?? way.on;
    const { to } = decision;
    const hasNoAddress = to.to === "client" ? to.mac : undefined;
    if (hasNoAddress && sentBelow(bytes, own, to.address, hasNoAddress, way)) {
      done(request, decision);
      return;
    }
    const port = to.to === "relay" ? ports.relay : ports.client;
    const peer = to.to === "sender" ? from : { address: hasNoAddress ? EVERYWHERE : to.address, port };
    void settings
      .ears()
      .send(bytes, own, way.heard, peer)
      .then((error) => done(request, decision, error && `it could not be sent to ${peer.address}:${peer.port}: ${error.message}`));
  }

  /** RFC 2131 §4.1: to the hardware address of a client that cannot answer ARP yet. False: it must be broadcast. */
  function sentBelow(payload: Uint8Array, own: Ipv4, address: Ipv4, mac: Mac, { device }: Way): boolean {
    const link = settings.link(device);
    if (!link) return false;
    const packet = ipPacket({ from: { address: own, port: ports.server }, to: { address, port: ports.client }, payload });
    return link.sendIp(packet, mac) === undefined;
  }

  function done({ packet }: Request, decision: Decision, failed?: string): void {
    underway -= 1;
    counts[failed ? "failed" : decision.do === "reply" ? "replied" : "ignored"] += 1;
    const tell = situation().site.machines.has(packet.mac) ? journal.listed : journal.strangers;
    tell(() => describe(packet, decision, failed));
    settings.onDone();
  }

  return { handle, underway: () => underway, diskTrouble: () => diskTrouble, counts };
}

/** All of them are this host's own. */
const isLoopback = (address: Ipv4): boolean => address.startsWith("127.");

/** Stands for the MAC of a machine behind a relay, which an echo does not tell. */
const NOBODY = "00:00:00:00:00:00" as Mac;
