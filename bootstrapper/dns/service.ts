/** The DNS server: UDP and TCP on one port, one resolver behind both. RFC 1035, RFC 7766. */
import { randomBytes } from "node:crypto";
import { type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import { sparing } from "../sparing-journal.ts";
import type { Store } from "../store/store.ts";
import type { UdpPeer } from "../wire/udp.ts";
import { Clients } from "./clients.ts";
import { configure } from "./configuration.ts";
import { Forwarder } from "./forward/forwarder.ts";
import { exchanges } from "./forward/service.ts";
import { LeaseWatch } from "./lease-watch.ts";
import type { Leases } from "./leases.ts";
import { Beside } from "./listen/beside.ts";
import { type Listening, listen } from "./listen/service.ts";
import { PacketCache } from "./packet-cache.ts";
import type { Configuration } from "./parts.ts";
import { probe } from "./probe/service.ts";
import { watchdog } from "./probe/watchdog.ts";
import { Resolver } from "./resolver.ts";
import { Serial } from "./serial.ts";
import { Book } from "./update/book.ts";
import { type Description, isOurs } from "./zone/zones.ts";

export interface DnsOptions {
  readonly address: Ipv4;
  /** 53 unless said otherwise; 0 takes one that is free for both UDP and TCP. */
  readonly port?: number;
  readonly cluster: Description;
  readonly leases: Leases;
  /** Keeps what updates write, and the zone's serial. */
  readonly store: Store;
  /** A file of the bsroot's tls/ folder. */
  readSecret(path: string): Promise<Uint8Array>;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly random?: (bytes: number) => Uint8Array;
  /** Milliseconds that an upstream server has for an answer, and a TCP client for a message. */
  readonly patience?: { readonly upstream?: number; readonly client?: number };
  /** Where another DNS server listens; port 53 unless said otherwise. */
  readonly at?: (server: Ipv4) => UdpPeer;
}

export interface DnsServer {
  readonly port: number;
  /** Serves another description from now on. Rejects, and goes on as before, when its keys cannot be read. */
  reconfigure(cluster: Description): Promise<void>;
  /** The API's name is told as these control planes from now on; of none as all of them. */
  setServing(controlPlanes: readonly Mac[]): void;
  /** Asks ourselves over the network, as a machine would. Resolves to what is wrong; undefined when all is well. */
  probe(): Promise<string | undefined>;
  /** Whether it has answered its own questions lately. */
  ok(): boolean;
  /** One line for the status page. */
  health(): string;
  close(): Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const { address, port = 53, cluster, leases, store, journal, now = Date.now, random = randomBytes, patience = {} } = options;
  const complain = sparing(journal, now);
  const trouble = (text: string): void => complain({ from: "dns", level: "warning", text });
  const warn = (text: string): void => journal({ from: "dns", level: "warning", text });
  const clock = (): number => performance.now();

  const over = exchanges(NOWHERE, (stranger) => trouble(`dropped an answer from ${stranger}, whom we did not ask`));
  const forwarder = new Forwarder({
    over,
    now,
    random,
    onTrouble: trouble,
    ...(patience.upstream !== undefined && { patience: patience.upstream }),
  });
  const book = await Book.open(store);
  const serial = await Serial.open(store, () => Math.floor(now() / 1000));
  const packets = new PacketCache();
  const made = (description: Description, keys: "all" | "those that can be read"): Promise<Configuration> =>
    configure(description, { self: { address, port }, at: options.at, keys, readSecret: options.readSecret, warn });
  /** What updates wrote goes into the new zones in the same breath in which these are served: none is written in between. */
  const filled = (next: Configuration): Configuration => {
    for (const name of book.fill(next.zones))
      warn(`${name} was written by an update and is in no zone of ours now; it is kept, but not served`);
    return next;
  };
  let configuration = filled(await made(cluster, "those that can be read"));
  let serving: ReadonlySet<Mac> = new Set();
  const clients = new Clients((client) => isOurs(client, configuration.zones));
  const resolver = new Resolver({
    configuration: () => configuration,
    leases,
    watch: new LeaseWatch(leases),
    serial,
    serving: () => serving,
    book,
    forwarder,
    clients,
    packets,
    secret: random(16),
    journal,
    complain,
    now,
    clock,
  });
  const listeners = { resolver, clients, packets, now, onTrouble: trouble, patience: patience.client };
  const listening: Listening = await listen(address, port, listeners);
  const beside = new Beside((own) => listen(own, listening.port, listeners), warn);
  const furtherAddresses = ({ network }: Description): readonly Ipv4[] =>
    network.subnets.flatMap(({ bootstrapper }) => (bootstrapper && bootstrapper !== address ? [bootstrapper] : []));
  await beside.serve(furtherAddresses(cluster));

  const ask = (): Promise<string | undefined> => probe({ address, port: listening.port }, configuration.zones.main.apex, random);
  const self = watchdog(ask, (wrong) =>
    journal({
      from: "dns",
      level: wrong ? "warning" : "info",
      text: wrong ? `does not answer its own questions: ${wrong}` : "answers again",
    }),
  );

  return {
    port: listening.port,
    reconfigure: async (description) => {
      configuration = filled(await made(description, "all"));
      clients.change((client) => isOurs(client, configuration.zones));
      forwarder.forget();
      serial.rise();
      packets.clear();
      await beside.serve(furtherAddresses(description));
    },
    setServing: (controlPlanes) => {
      if (controlPlanes.length === serving.size && controlPlanes.every((mac) => serving.has(mac))) return;
      serving = new Set(controlPlanes);
      serial.rise();
      packets.clear();
    },
    probe: ask,
    ok: () => self.trouble() === undefined,
    health: () => self.trouble() ?? `serving ${configuration.zones.main.apex}, ${listening.answered() + beside.answered()} answered`,
    close: async () => {
      self.close();
      forwarder.close();
      over.close();
      await Promise.all([listening.close(), beside.close()]);
    },
  };
}
