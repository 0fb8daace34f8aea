/** How each part is made from what all of them share. */
import { randomBytes } from "node:crypto";
import { join, resolve } from "node:path";
import type { Ipv4 } from "../cluster/address.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Endpoints } from "../cluster/extension.ts";
import { layout } from "../cluster/layout.ts";
import { makeTexts } from "./boot.ts";
import { type Bsroot, presence, readListed, readSecret } from "./bsroot.ts";
import { type Dhcp, startDhcp } from "./dhcp/service.ts";
import { type DnsServer, startDns } from "./dns/service.ts";
import { type HttpService, startHttp } from "./http/service.ts";
import type { World } from "./http/world.ts";
import { inspect } from "./inspection.ts";
import type { KeptJournal } from "./journal.ts";
import { type KubernetesService, startKubernetes } from "./kubernetes/service.ts";
import { inOneLine } from "./kubernetes/view.ts";
import type { Roster } from "./machines/roster.ts";
import { menuFor, menuForStranger } from "./menus.ts";
import { type OperationsService, startOperations } from "./operations/service.ts";
import { dhcpBeside, endpoints, type Here } from "./place.ts";
import { withPorts } from "./port-trouble.ts";
import { type ImageRegistry, startRegistry } from "./registry.ts";
import { type Card, type RouterAdvertisements, startRouterAdvertisements } from "./router-advertisements/service.ts";
import type { Settings } from "./settings.ts";
import type { Store } from "./store/store.ts";
import { menuFiles } from "./tftp/menu-files.ts";
import { startTftp, type TftpServer } from "./tftp/service.ts";
import { startTime, type Time } from "./time.ts";

/** What every part is made from. */
export interface Base {
  readonly settings: Settings;
  /** As it is now: what outlives a reload asks again. */
  readonly bsroot: Bsroot;
  /** The description, served from `address`; as it is now. */
  readonly cluster: Cluster;
  readonly address: Ipv4;
  /** The addresses of this host as they are now. */
  readonly here: () => readonly Here[];
  readonly store: Store;
  readonly kept: KeptJournal;
  readonly roster: Roster;
  readonly late: Late;
}
/** What the machines' book asks of parts that need it themselves. */
export interface Late {
  dhcp?: Dhcp;
  tftp?: TftpServer;
  dns?: DnsServer;
  routerAdvertisements?: RouterAdvertisements | undefined;
  http?: HttpService;
  time?: Time | undefined;
  registry?: ImageRegistry | undefined;
  kubernetes?: KubernetesService;
}
export interface Part {
  close(): Promise<void>;
}

export function makeDhcp({ settings: { ports, probe }, bsroot, here, cluster, address, store, kept, roster, late }: Base): Promise<Dhcp> {
  return withPorts("udp", { "--dhcp-port": ports.dhcp }, () =>
    startDhcp({
      cluster,
      server: address,
      store,
      journal: kept.journal,
      now: Date.now,
      here,
      probe: probe === "on",
      nextBoot: (mac) => {
        late.routerAdvertisements?.due();
        roster.seen(mac, true);
        return roster.nextBoot(mac);
      },
      hasFile: presence(bsroot, () => performance.now()),
      onSeen: (mac) => roster.seen(mac, false),
      ...(ports.dhcp !== 67 && { ports: dhcpBeside(ports.dhcp) }),
    }),
  );
}

/** `cards`: those that machines boot through. */
export function makeRouterAdvertisements({ cluster, kept }: Base, cards: readonly Card[]): RouterAdvertisements | undefined {
  if (!cluster.network.routerAdvertisements || cards.length === 0) return undefined;
  return startRouterAdvertisements({ cards, journal: kept.journal });
}

export function makeTftp(base: Base): Promise<TftpServer> {
  const { address, roster, bsroot } = base;
  const { ports } = base.settings;
  const { journal } = base.kept;
  const server = endpoints(address, ports, bsroot.ca);
  const made = menuFiles({
    machines: roster,
    menu: (loader, mac, next) => menuFor(loader, mac, next, { cluster: base.cluster, server }),
    menuForStranger,
    journal,
    now: Date.now,
  });
  return withPorts("udp", { "--tftp-port": ports.tftp }, () =>
    startTftp({
      address,
      port: ports.tftp,
      folders: {
        get ""() {
          return join(base.bsroot.folder, layout.tftp);
        },
        get static() {
          return join(base.bsroot.folder, layout.static);
        },
      },
      made,
      journal,
      holder: (wanted) => roster.holder(wanted),
      onTransfer: (mac, transfer) => roster.setTransfer(mac, transfer),
      now: Date.now,
    }),
  );
}

export function makeDns(base: Base, dhcp: Dhcp): Promise<DnsServer> {
  const { cluster, address, store, kept } = base;
  const { ports } = base.settings;
  return withPorts("udp", { "--dns-port": ports.dns }, () =>
    startDns({
      address,
      port: ports.dns,
      cluster,
      leases: {
        addressNamed: (hostname) => dhcp.addressNamed(hostname),
        addressOf: (mac) => dhcp.addressOf(mac),
        leaseAt: (leased) => dhcp.leaseAt(leased),
        all: () => dhcp.leases(),
      },
      store,
      readSecret: (path) => readSecret(base.bsroot, path),
      journal: kept.journal,
      now: Date.now,
    }),
  );
}

export const makeKubernetes = (base: Base): Promise<KubernetesService> =>
  startKubernetes({
    cluster: () => base.cluster,
    machines: base.roster,
    addressOf: (mac) => base.roster.find(mac)?.address,
    readSecret: (path) => readSecret(base.bsroot, path),
    readFile: (path) => readListed(base.bsroot, path),
    onServing: (controlPlanes) => base.late.dns?.setServing(controlPlanes),
    store: base.store,
    journal: base.kept.journal,
    now: Date.now,
    random: randomBytes,
  });

export const makeOperations = (base: Base, server: Endpoints, kubernetes: KubernetesService): Promise<OperationsService> =>
  startOperations({
    cluster: () => base.cluster,
    kubernetes,
    files: () => base.bsroot.files,
    machines: base.roster,
    addressOf: (mac) => base.roster.find(mac)?.address,
    store: base.store,
    journal: base.kept.journal,
    folder: resolve(base.settings.state),
    https: server.https,
    now: Date.now,
    random: (bytes) => randomBytes(bytes).toString("hex"),
  });

/** On every interface: the operator's page is asked for on the management network too, and by the health check on the loopback. */
export function makeHttp(
  base: Base,
  server: Endpoints,
  dhcp: Dhcp,
  kubernetes: KubernetesService,
  operations: OperationsService,
): Promise<HttpService> {
  const { kept, roster, late } = base;
  const { ports } = base.settings;
  const texts = ofEach(base, ({ bsroot, cluster }) =>
    makeTexts({ cluster, files: bsroot.files, server, machines: roster, readSecret: (path) => readSecret(bsroot, path) }),
  );
  const world: World = {
    get cluster() {
      return base.cluster.name;
    },
    get staticFolder() {
      return join(base.bsroot.folder, layout.static);
    },
    get apiTokenHash() {
      return base.bsroot.apiTokenHash;
    },
    get texts() {
      return texts();
    },
    machines: roster,
    kubernetes,
    operations,
    journal: kept.journal,
    journalTail: (count) => kept.tail(count),
    leases: () => dhcp.leases(),
    health: () => ({
      ok: dhcp.ok() && (late.tftp?.ok() ?? true) && (late.dns?.ok() ?? true) && (late.time?.ok() ?? true) && (late.registry?.ok() ?? true),
      parts: {
        dhcp: dhcp.health(),
        "router advertisements": late.routerAdvertisements?.health() ?? "off",
        tftp: late.tftp?.health() ?? "off",
        dns: late.dns?.health() ?? "off",
        http: "serving",
        time: late.time?.health() ?? "off",
        registry: late.registry?.health() ?? "off",
        kubernetes: inOneLine(kubernetes.view()),
      },
    }),
    now: Date.now,
    random: (bytes) => randomBytes(bytes).toString("hex"),
  };
  const options = { address: "0.0.0.0", httpPort: ports.http, httpsPort: ports.https, tls: base.bsroot.tls };
  return withPorts("tcp", { "--http-port": ports.http, "--https-port": ports.https }, () => startHttp(world, options));
}

/** What is made of each bsroot once. */
function ofEach<T>(base: Base, make: (base: Base) => T): () => T {
  let made: { readonly of: Bsroot; readonly value: T } | undefined;
  return () => {
    if (made?.of !== base.bsroot) made = { of: base.bsroot, value: make(base) };
    return made.value;
  };
}

export async function makeTime({ settings, cluster: { network }, address, kept }: Base): Promise<Time | undefined> {
  if (!network.ntp || settings.time === "off") return undefined;
  const { subnet } = network;
  const { journal } = kept;
  return startTime({ mode: settings.time, address, port: settings.ports.time, subnet, folder: resolve(settings.state), journal });
}

export const hasImages = ({ files }: Bsroot): boolean => files.some(({ path }) => path.startsWith(`${layout.registry}/`));

/** Only where there are images: a bsroot without any needs no registry. */
export async function makeRegistry({ settings, bsroot, address, kept }: Base): Promise<ImageRegistry | undefined> {
  if (settings.registry === "off" || !hasImages(bsroot)) return undefined;
  return startRegistry({
    address,
    port: settings.ports.registry,
    bsroot: resolve(bsroot.folder),
    folder: resolve(settings.state),
    journal: kept.journal,
    path: settings.path,
  });
}

export function makeInspection({ bsroot, kept }: Base): Part {
  const stop = new AbortController();
  const done = inspect(bsroot, kept.journal, stop.signal);
  return {
    close: () => {
      stop.abort();
      return done;
    },
  };
}
