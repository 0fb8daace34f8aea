/** The DHCP server: sockets, clock and disk around the decisions. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Journal } from "../journal.ts";
import type { NextBoot } from "../machines/machine.ts";
import type { Here } from "../place.ts";
import { sparing } from "../sparing-journal.ts";
import type { Store } from "../store/store.ts";
import { kernel } from "../wire/kernel.ts";
import { openUdp, UdpError, type UdpPeer } from "../wire/udp.ts";
import { linkLayers } from "./below-udp.ts";
import { type DeskCounts, openDesk, type Situation } from "./desk.ts";
import { openEars, type Posts, RECEIVE_BUFFER, type Way } from "./ears.ts";
import { type Dropped, type Lease, openBook } from "./leases.ts";
import { greeting } from "./lines.ts";
import { everywhere, linksOf } from "./links.ts";
import { openProbes } from "./probes.ts";
import { openPulse, type Pulse } from "./pulse.ts";
import { openRivals } from "./rivals.ts";
import { watchFor } from "./seen.ts";
import { siteOf } from "./site.ts";
import { openTurns } from "./turns.ts";
import { type LeaseViews, viewsOf } from "./views.ts";

export interface DhcpSettings {
  readonly cluster: Cluster;
  /** Our main address: the server identifier where no other of ours is nearer. */
  readonly server: Ipv4;
  readonly store: Store;
  nextBoot(mac: Mac): NextBoot;
  /** Whether the bsroot has a file, by its path in it. Absent: it has all. */
  hasFile?(path: string): boolean;
  /** A machine asked. Called for every listed one, and for a bounded number of others. */
  onSeen(mac: Mac): void;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  readonly ports?: Ports;
  /** The addresses of this host as they are now. Absent: all interfaces are one, and `server` is our only address. */
  here?(): readonly Here[];
  /** Ask who has an address before it is offered to a machine that never had it. */
  readonly probe?: boolean;
  /** Opens a socket; tests put their own network in its place. */
  readonly open?: typeof openUdp;
  /** Leases that may wait for the disk, and packets that may wait for their turn, at once; what is beyond is dropped, and its machine asks again. */
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
  /** Whether it hears on every address of ours, and its leases reach the disk. */
  ok(): boolean;
  /** One line for the status page. */
  health(): string;
  counts(): Readonly<DhcpCounts>;
  /** Where it listens. */
  readonly port: number;
  /** Serves another description from now on, with the leases and sockets that still fit it. Throws UdpError with all as it was. */
  reload(cluster: Cluster, server: Ipv4): Promise<void>;
  /** Answers what it has begun to answer, then frees the ports. */
  close(): Promise<void>;
}

export interface DhcpCounts extends DeskCounts {
  readonly received: number;
  /** Dropped because too much waited already. */
  readonly shed: number;
}

const PORTS: Ports = { server: 67, client: 68, relay: 67, pxe: 4011 };
const WAITING = 4096;
const STRANGERS = 4096;
/** Lines a minute, so that a flood of packets is no flood of lines: a thousand listed machines that boot need most. */
const LINES = { listed: 20_000, strangers: 1000, junk: 30 };
/** What is served, and where. */
interface Serving extends Situation {
  readonly at: Posts;
  readonly dropped: readonly Dropped[];
}

/** Loads the leases, takes the ports and answers. Throws UdpError when a port cannot be had. */
export async function startDhcp(settings: DhcpSettings): Promise<Dhcp> {
  const { journal, now, ports = PORTS, waiting: limit = WAITING, open = openUdp } = settings;
  const table = settings.store.table<Lease>("leases");
  const warn = (text: string, mac?: Mac): void => journal({ from: "dhcp", ...(mac && { mac }), level: "warning", text });
  const forget = async (dropped: readonly Dropped[]): Promise<void> => {
    for (const { lease, because } of dropped) {
      warn(`lease of ${lease.address} forgotten: ${because}`, lease.mac);
      await table.remove(lease.address);
    }
  };
  const complain = sparing(journal, now, LINES.junk);
  const onTrouble = (error: Error): void =>
    complain({ from: "dhcp", level: "warning", text: `a packet could not be handled: ${error.message}` });

  let serving = servingOf(settings, settings.cluster, settings.server, (await table.entries()).values());
  let views = viewsOf(serving.site, serving.book, now);
  await forget(serving.dropped);

  const flow = { received: 0, shed: 0 };
  const layers = linkLayers(kernel);
  const probes = settings.probe && kernel ? openProbes(kernel, () => performance.now(), process.pid) : undefined;
  const isOurs = (address: Ipv4): boolean => serving.at.addresses.includes(address);
  const rivals = openRivals({ open, ports, layers, probes, isOurs, warn, now });
  const listed = { has: (mac: Mac) => serving.site.machines.has(mac) };
  const tooMany = `more than ${STRANGERS} machines that are not listed; further ones are not shown`;

  const desk = openDesk({
    situation: () => serving,
    table,
    ears: () => ears,
    ports,
    link: layers.of,
    ...(probes && { probes }),
    now,
    nextBoot: settings.nextBoot,
    ...(settings.hasFile && { hasFile: settings.hasFile }),
    seen: watchFor(listed, STRANGERS, settings.onSeen, () => warn(tooMany)),
    onForeign: (server, { device }) => rivals.note(server, device),
    isOurOwn: (mac, { on }) => {
      if (mac !== pulse.mac) return rivals.isOurSearch(mac);
      pulse.heard(on);
      flow.received -= 1; // it is nobody's
      return true;
    },
    journal: {
      all: journal,
      listed: sparing(journal, now, LINES.listed),
      strangers: sparing(journal, now, LINES.strangers),
      junk: sparing(journal, now, LINES.junk),
    },
    onDone: () => turns.goOn(),
  });
  const turns = openTurns<readonly [Uint8Array, UdpPeer, Way]>(limit, desk.underway, (packet) => {
    try {
      desk.handle(...packet);
    } catch (error) {
      onTrouble(error as Error);
    }
  });
  let listening = false;
  function hear(bytes: Uint8Array, from: UdpPeer, way: Way): void {
    if (!listening) return; // not all open yet, or closing
    flow.received += 1;
    if (!turns.put(bytes, [bytes, from, way])) flow.shed += 1;
  }

  const ears = await openEars(open, serving.at, ports, hear, onTrouble);
  let pulse: Pulse;
  try {
    pulse = await openPulse(openUdp, () => serving.at.addresses, ears.port);
    await watch();
  } catch (error) {
    await ears.close();
    throw error;
  }
  listening = true;
  journal({ from: "dhcp", level: "info", text: greeting(serving.site, serving.proxy) });
  if (!kernel && settings.here) warn(ONE_INTERFACE);
  if (ears.receiveBuffer() < RECEIVE_BUFFER) journal({ from: "dhcp", level: "info", text: smallBuffer(ears.receiveBuffer()) });

  function trouble(): string | undefined {
    const deaf = pulse.deaf();
    if (deaf.length > 0)
      return `nothing that is sent to ${deaf.join(" and ")}, port ${ears.port}/udp, arrives: is there a firewall on this host?`;
    const disk = desk.diskTrouble();
    return disk && `no lease can be given: ${disk}`;
  }

  /** Where the site has its own DHCP server, finding it is no news. */
  function watch(): Promise<void> {
    return rivals.watch(serving.proxy || !kernel ? [] : serving.at.links);
  }

  return {
    leases: () => views.leases(),
    holder: (address) => views.holder(address),
    addressOf: (mac) => views.addressOf(mac),
    addressNamed: (hostname) => views.addressNamed(hostname),
    leaseAt: (address) => views.leaseAt(address),
    port: ears.port,
    counts: () => ({ ...flow, ...desk.counts }),
    ok: () => trouble() === undefined,
    health: () => {
      const wrong = trouble();
      if (wrong !== undefined) return wrong;
      const { replied, conflicts } = desk.counts;
      const shed = flow.shed > 0 ? `, ${flow.shed} dropped while the disk was busy` : "";
      const found = conflicts > 0 ? `, ${conflicts} addresses found in use` : "";
      return `${serving.proxy ? "proxy" : "serving"}, ${replied} answered${shed}${found}${rivals.health()}`;
    },
    reload: async (cluster, server) => {
      const next = servingOf(settings, cluster, server, serving.book.byAddress.values());
      await ears.move(next.at);
      // From the moment the sockets are there: a lease given meanwhile is in the old book.
      serving = { ...next, ...openBook(next.site.addresses, serving.book.byAddress.values()) };
      views = viewsOf(serving.site, serving.book, now);
      layers.forget();
      await watch();
      await forget(serving.dropped);
    },
    close: async () => {
      listening = false;
      while (desk.underway() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
      probes?.close();
      layers.forget();
      await Promise.all([ears.close(), rivals.close(), pulse.close()]);
    },
  };
}

/** Throws UdpError when an interface or address that is described is not there. */
function servingOf({ here }: DhcpSettings, cluster: Cluster, server: Ipv4, leases: Iterable<Lease>): Serving {
  const site = siteOf(cluster, server);
  const proxy = cluster.network.dhcp === "proxy";
  const network = { ...cluster.network, bootstrapper: server };
  const found = here && kernel ? linksOf(network, here()) : { ok: true as const, ...everywhere(network) };
  if (!found.ok) throw new UdpError(found.because);
  return { site, proxy, ...openBook(site.addresses, leases), at: { ...found, proxy } };
}

const ONE_INTERFACE =
  "this system cannot tell its interfaces apart (koffi was not loaded), so DHCP is served on all of them from one address, " +
  "and network.interfaces and the bootstrapper's further addresses are not heeded";

const smallBuffer = (granted: number): string =>
  `the kernel keeps only ${granted >> 10} KiB of packets for us, so machines of a large rack powered on at once may have to ask twice; ` +
  `allow more with: sysctl -w net.core.rmem_max=${RECEIVE_BUFFER}, or the capability NET_ADMIN`;
