/** The composition root: every part of the bootstrapper, started in the order they need each other and ended in reverse. */
import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import type { Ipv4 } from "../cluster/address.ts";
import { type Bsroot, loadBsroot } from "./bsroot.ts";
import { look } from "./inspection.ts";
import { type JournalEntry, makeJournal } from "./journal.ts";
import { openRoster } from "./machines/roster.ts";
import { addressOfNeighbour, neighbourAt } from "./neighbours.ts";
import {
  type Base,
  type Late,
  makeDhcp,
  makeDns,
  makeHttp,
  makeInspection,
  makeRegistry,
  makeRouterAdvertisements,
  makeTftp,
  makeTime,
  type Part,
} from "./parts.ts";
import { addressMissing, bootCards, endpoints, servedFrom } from "./place.ts";
import { StartError } from "./port-trouble.ts";
import type { Settings } from "./settings.ts";
import { openStore } from "./store/file-store.ts";

/** About a week of a small rack. */
const JOURNAL_LIMIT = 20_000;

export class Appliance {
  readonly #parts: Part[] = [];

  /** Resolves when every part serves. Throws, with nothing left running, when one cannot. */
  static async start(settings: Settings, print: (line: string) => void): Promise<Appliance> {
    const appliance = new Appliance();
    try {
      await appliance.#start(settings, print);
      return appliance;
    } catch (error) {
      await appliance.close();
      throw error;
    }
  }

  /** Every lease and phase is on disk when it resolves. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const part of this.#parts.splice(0).reverse()) await part.close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  async #start(settings: Settings, print: (line: string) => void): Promise<void> {
    const bsroot = await loadBsroot(settings.bsroot);
    const address = settings.address ?? bsroot.cluster.network.bootstrapper;
    const missing = addressMissing(address, addressesHere());
    if (missing) throw new StartError(missing);

    const base = await this.#remember(settings, bsroot, address, print);
    const { journal } = base.kept;
    const advertisements = makeRouterAdvertisements(base, bootCards(base.cluster.network, addressesHere()));
    if (advertisements) base.late.routerAdvertisements = this.#running(advertisements);
    base.late.dhcp = this.#running(await makeDhcp(base));
    base.late.tftp = this.#running(await makeTftp(base));
    base.late.dns = this.#running(await makeDns(base, base.late.dhcp));
    const server = endpoints(address, settings.ports, bsroot.ca);
    this.#running(await makeHttp(base, server, base.late.dhcp));
    const clock = await makeTime(base);
    if (clock) base.late.time = this.#running(clock);
    const images = await makeRegistry(base);
    if (images) base.late.registry = this.#running(images);
    this.#running(makeInspection(base));
    const seconds = (performance.now() / 1000).toFixed(1); // since the process began
    const machines = `${base.cluster.machines.length} ${base.cluster.machines.length === 1 ? "machine" : "machines"}`;
    journal({ from: "appliance", level: "info", text: `ready in ${seconds} s: ${server.http} ${server.https} ${machines}` });
  }

  /** Everything that outlives a restart. */
  async #remember(settings: Settings, bsroot: Bsroot, address: Ipv4, print: (line: string) => void): Promise<Base> {
    const store = this.#running(await openStore(resolve(settings.state)));
    const log = store.log<JournalEntry>("journal", JOURNAL_LIMIT);
    const kept = this.#running(makeJournal({ log, print, format: settings.log, now: Date.now }));
    for (const text of [...store.warnings, ...(await look(bsroot, address, Date.now()))])
      kept.journal({ from: "appliance", level: "warning", text });
    const cluster = servedFrom(bsroot.cluster, address);
    const late: Late = {};
    const others = cluster.network.dhcp === "proxy"; // give the addresses
    const roster = await openRoster({
      cluster,
      store,
      journal: kept.journal,
      now: Date.now,
      holder: (wanted) => late.dhcp?.holder(wanted) ?? (others ? neighbourAt(wanted) : undefined),
      addressOf: (mac) => late.dhcp?.addressOf(mac) ?? (others ? addressOfNeighbour(mac) : undefined),
    });
    this.#running(roster);
    return { settings, bsroot, cluster, address, here: addressesHere, store, kept, roster, late };
  }

  #running<T extends Part>(part: T): T {
    this.#parts.push(part);
    return part;
  }
}

function addressesHere() {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter(({ family }) => family === "IPv4").map(({ address, mac, internal }) => ({ interface: name, address, mac, internal })),
  );
}
