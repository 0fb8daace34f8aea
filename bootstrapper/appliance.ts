/** The composition root: every part of the bootstrapper, started in the order they need each other and ended in reverse. */
import { resolve } from "node:path";
import type { Ipv4 } from "../cluster/address.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { type Bsroot, loadBsroot } from "./bsroot.ts";
import { look } from "./inspection.ts";
import { type JournalEntry, makeJournal } from "./journal.ts";
import { openRoster } from "./machines/roster.ts";
import { addressOfNeighbour, neighbourAt } from "./neighbours.ts";
import {
  type Base,
  hasImages,
  type Late,
  makeDhcp,
  makeDns,
  makeHttp,
  makeInspection,
  makeKubernetes,
  makeOperations,
  makeRegistry,
  makeRouterAdvertisements,
  makeTftp,
  makeTime,
  type Part,
} from "./parts.ts";
import { addressMissing, bootCards, endpoints, servedFrom } from "./place.ts";
import { StartError } from "./port-trouble.ts";
import { type Occasion, type Reloading, reloads, type Served } from "./reload.ts";
import type { Card } from "./router-advertisements/service.ts";
import type { Settings } from "./settings.ts";
import { openStore } from "./store/file-store.ts";
import { fingerprint, watchBsroot } from "./watch.ts";
import { ownAddresses } from "./wire/addresses.ts";

/** About a week of a small rack. */
const JOURNAL_LIMIT = 20_000;

export class Appliance {
  readonly #parts: Part[] = [];
  /** Reads the bsroot again and serves what it says from now on; see reload.ts. */
  reload: (occasion: Occasion) => Promise<boolean> = () => Promise.resolve(false);

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
    const seen = await fingerprint(settings.bsroot);
    const bsroot = await loadBsroot(settings.bsroot);
    const address = settings.address ?? bsroot.cluster.network.bootstrapper;
    const missing = addressMissing(address, ownAddresses());
    if (missing) throw new StartError(missing);

    const { base, take } = await this.#remember(settings, bsroot, address, print);
    const { journal } = base.kept;
    const { late } = base;
    const advertise = await this.#renewable(
      () => makeRouterAdvertisements(base, cardsOf(base.cluster)),
      (part) => {
        late.routerAdvertisements = part;
      },
    );
    late.dhcp = this.#running(await makeDhcp(base));
    base.late.tftp = this.#running(await makeTftp(base));
    base.late.dns = this.#running(await makeDns(base, late.dhcp));
    late.kubernetes = this.#running(await makeKubernetes(base));
    const server = endpoints(address, settings.ports, bsroot.ca);
    const operations = this.#running(await makeOperations(base, server, late.kubernetes));
    late.http = this.#running(await makeHttp(base, server, late.dhcp, late.kubernetes, operations));
    const keepTime = await this.#renewable(
      () => makeTime(base),
      (part) => {
        late.time = part;
      },
    );
    const giveImages = await this.#renewable(
      () => makeRegistry(base),
      (part) => {
        late.registry = part;
      },
    );
    const inspect = await this.#renewable(
      () => makeInspection(base),
      () => {},
    );
    const apply = async (before: Served, after: Served): Promise<void> => {
      await late.dns?.reconfigure(after.cluster);
      try {
        await late.dhcp?.reload(after.cluster, address);
      } catch (error) {
        await late.dns?.reconfigure(before.cluster);
        throw error;
      }
      base.roster.reload(after.cluster);
      late.http?.certify(after.bsroot.tls);
      late.kubernetes?.reload();
      const differs = (of: (served: Served) => unknown): boolean => JSON.stringify(of(before)) !== JSON.stringify(of(after));
      if (differs(({ cluster }) => cardsOf(cluster))) await advertise();
      if (differs(({ cluster: { network } }) => [network.ntp, network.subnet])) await keepTime();
      if (differs(({ bsroot }) => [bsroot.folder, hasImages(bsroot)])) await giveImages();
      await inspect();
    };
    this.reload = reloads({ base, take, apply });
    this.#running(watchBsroot(settings.bsroot, seen, () => this.reload("noticed")));
    const seconds = (performance.now() / 1000).toFixed(1); // since the process began
    const machines = `${base.cluster.machines.length} ${base.cluster.machines.length === 1 ? "machine" : "machines"}`;
    journal({ from: "appliance", level: "info", text: `ready in ${seconds} s: ${server.http} ${server.https} ${machines}` });
  }

  /** Everything that outlives a restart. */
  async #remember(
    settings: Settings,
    bsroot: Bsroot,
    address: Ipv4,
    print: (line: string) => void,
  ): Promise<Pick<Reloading, "base" | "take">> {
    const store = this.#running(await openStore(resolve(settings.state)));
    const log = store.log<JournalEntry>("journal", JOURNAL_LIMIT);
    const kept = this.#running(makeJournal({ log, print, format: settings.log, now: Date.now }));
    for (const text of [...store.warnings, ...(await look(bsroot, address, Date.now()))])
      kept.journal({ from: "appliance", level: "warning", text });
    let served: Served = { bsroot, cluster: servedFrom(bsroot.cluster, address) };
    const late: Late = {};
    const others = (): boolean => served.cluster.network.dhcp === "proxy"; // give the addresses
    const roster = await openRoster({
      cluster: served.cluster,
      store,
      journal: kept.journal,
      now: Date.now,
      holder: (wanted) => late.dhcp?.holder(wanted) ?? (others() ? neighbourAt(wanted) : undefined),
      addressOf: (mac) => late.dhcp?.addressOf(mac) ?? (others() ? addressOfNeighbour(mac) : undefined),
    });
    this.#running(roster);
    const base: Base = {
      settings,
      get bsroot() {
        return served.bsroot;
      },
      get cluster() {
        return served.cluster;
      },
      address,
      here: ownAddresses,
      store,
      kept,
      roster,
      late,
    };
    const take = (next: Served): void => {
      served = next;
    };
    return { base, take };
  }

  /** A part that is ended and made anew when what it is made from changes. `keep` is told of each; the answer makes it anew. */
  async #renewable<T extends Part>(
    make: () => Promise<T | undefined> | T | undefined,
    keep: (part: T | undefined) => void,
  ): Promise<() => Promise<void>> {
    let part: T | undefined;
    this.#running({ close: async () => part?.close() });
    const renew = async (): Promise<void> => {
      await part?.close();
      part = await make();
      keep(part);
    };
    await renew();
    return renew;
  }

  #running<T extends Part>(part: T): T {
    this.#parts.push(part);
    return part;
  }
}

const cardsOf = ({ network }: Cluster): readonly Card[] => (network.routerAdvertisements ? bootCards(network, ownAddresses()) : []);
