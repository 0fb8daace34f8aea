/** What is done to the running cluster: operations, orders for nodes, and snapshots of etcd on a timer. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { releasesOf } from "../../cluster/kubernetes/releases.ts";
import { isExact } from "../../cluster/kubernetes/version.ts";
import { layout } from "../../cluster/layout.ts";
import { architectures, etcdMembers } from "../../cluster/queries.ts";
import type { Operations, Outcome } from "../http/world.ts";
import type { Journal } from "../journal.ts";
import { credentialsOf } from "../kubernetes/credentials.ts";
import { EtcdGateway } from "../kubernetes/etcd-gateway.ts";
import { type Snapshot, SnapshotError, Snapshots } from "../kubernetes/etcd-snapshots.ts";
import type { KubernetesService } from "../kubernetes/service.ts";
import type { MachineEvent, MachineView } from "../machines/machine.ts";
import { Opened } from "../opened.ts";
import type { Store } from "../store/store.ts";
import { placesOf } from "./etcd-now.ts";
import { ClusterHands } from "./hands.ts";
import type { Operation, Planned, Wish } from "./operation.ts";
import { carriedReleases, OrderDesk } from "./order-desk.ts";
import { OrderBook } from "./orders.ts";
import { plan } from "./plan.ts";
import { OperationError, Runner } from "./runner.ts";
import type { Sight } from "./sight.ts";
import type { Situation } from "./situation.ts";

export interface OperationsOptions {
  cluster(): Cluster;
  readonly kubernetes: Pick<KubernetesService, "connection" | "recognise" | "leftovers" | "takeAway">;
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
  /** The bytes of a file below tls/ of the bsroot. */
  readSecret(path: string): Promise<Uint8Array>;
  /** Of the bsroot's manifest, as it is now. */
  files(): readonly { readonly path: string; readonly sha256: string }[];
  readonly machines: { find(mac: Mac): MachineView | undefined; apply(mac: Mac, event: MachineEvent): Promise<Outcome> };
  readonly store: Store;
  readonly journal: Journal;
  /** Where snapshots lie. */
  readonly folder: string;
  /** "https://10.0.0.1" */
  readonly https: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Hex digits. */
  random(bytes: number): string;
  /** Where etcd listens for clients; 2379 unless said otherwise. */
  readonly etcdPort?: number;
}

export interface OperationsService extends Operations {
  /** Another bsroot is served. */
  reload(): void;
  close(): Promise<void>;
}

/** Milliseconds between two snapshots, and between two looks at whether one is due. */
const EVERY = 6 * 3_600_000;
const LOOK = 300_000;

export async function startOperations(options: OperationsOptions): Promise<OperationsService> {
  const { cluster, kubernetes, files, machines, store, journal, now, random, addressOf } = options;
  const carriedOut: { by?: Runner } = {};
  const snapshots = new Snapshots(join(options.folder, "snapshots"), () => neededBy(carriedOut.by?.operation));
  const book = await OrderBook.open(store);
  const rises = (): number => performance.now();
  const desk = new OrderDesk({ cluster, files, https: options.https, book, machines, journal, now: rises });
  const etcd = new Opened(
    () => openEtcd(options),
    (gateway) => gateway.close(),
  );

  const takeSnapshot = async (signal: AbortSignal): Promise<Snapshot> => {
    const through = await etcd.get();
    let last = "no member of etcd has an address";
    for (const { name, address } of placesOf(etcdMembers(cluster()), (machine) => machine.address ?? addressOf(machine.mac))) {
      try {
        const taken = await snapshots.take(through.snapshot(address, signal), now());
        const wrong = await snapshots.difference(taken);
        if (wrong) throw new SnapshotError(wrong);
        journal({ from: "kubernetes", level: "info", text: `snapshot of etcd from ${name}: ${taken.name}, ${taken.size} bytes` });
        return taken;
      } catch (error) {
        last = `${name}: ${(error as Error).message}`;
      }
    }
    throw new SnapshotError(`no snapshot of etcd could be taken: ${last}`);
  };

  const releases = (): readonly string[] => releasesOf(cluster()).filter(isExact);
  const hands = new ClusterHands({
    cluster,
    api: async () => (await kubernetes.connection.open()).api,
    etcd: () => etcd.get(),
    addressOf,
    machines,
    book,
    carried: () => carriedReleases(releases(), architectures(cluster()), files()),
    snapshot: takeSnapshot,
    snapshots,
    isAwake: (mac) => desk.isAwake(mac),
    recognise: kubernetes.recognise,
    leftovers: kubernetes.leftovers,
    takeAway: kubernetes.takeAway,
    now: rises,
    pause: (milliseconds, signal) => pause(milliseconds, undefined, { signal }).catch(() => undefined),
  });
  const runner = await Runner.open({ store, hands, journal, now, random });
  carriedOut.by = runner;
  const ended = new AbortController();
  let said = "";
  const due = async (): Promise<void> => {
    const up = etcdMembers(cluster()).some(({ mac }) => machines.find(mac)?.phase === "ready");
    const [newest] = await snapshots.list();
    if (cluster().kubernetes.version === undefined || !up || (newest && Math.abs(now() - newest.at) < EVERY)) return;
    try {
      await takeSnapshot(ended.signal);
      said = "";
    } catch (error) {
      const text = (error as Error).message;
      if (text !== said && !ended.signal.aborted) journal({ from: "kubernetes", level: "warning", text });
      said = text;
    }
  };
  let looking = due();
  const timer = setInterval(() => {
    looking = looking.then(due);
  }, LOOK).unref();

  const planned = async (wish: Wish): Promise<{ planned: Planned; id: string }> => {
    const outcome = plan(wish, await situationFor(wish, hands.sight));
    return { planned: outcome, id: outcome.ok ? idOf([wish, outcome.steps]) : "" };
  };
  return {
    hear: (mac, word) => desk.hear(mac, word),
    plan: planned,
    apply: async (wish, id) => {
      const { planned: outcome, id: current } = await planned(wish);
      if (!outcome.ok) throw new OperationError(outcome.because.join("; "));
      if (current !== id) throw new OperationError("the plan would be another one by now; ask for it again");
      return runner.begin(wish, outcome.steps);
    },
    continue: () => runner.continue(),
    cancel: async () => {
      const cancelled = await runner.cancel();
      await book.withdrawAll(cancelled.id);
      return cancelled;
    },
    last: () => runner.operation && { operation: runner.operation, doing: runner.doing },
    snapshots: () => snapshots.list(),
    takeSnapshot: () => takeSnapshot(ended.signal),
    readSnapshot: (name) => snapshots.read(name),
    snapshotFor: async (mac) => {
      const order = book.find(mac);
      return order?.is === "given" && order.what.do === "prepare" ? snapshots.read(order.what.snapshot) : undefined;
    },
    reload: () => etcd.giveUp(),
    close: async () => {
      clearInterval(timer);
      ended.abort();
      kubernetes.connection.renew(); // what hangs on the API ends with us
      etcd.giveUp();
      await Promise.all([runner.close(), looking]);
    },
  };
}

/** A restoration is planned while nothing may answer. */
function situationFor(wish: Wish, sight: Sight): Promise<Situation> {
  if (wish.do === "restore") return sight.glance();
  return wish.do === "prune" ? sight.lookForLeftovers() : sight.look();
}

/** The snapshot that must not make room: an operation is not at its end that restores from it. */
const neededBy = (operation: Operation | undefined): string | undefined =>
  operation?.wish.do === "restore" && (operation.is === "running" || operation.is === "stopped") ? operation.wish.snapshot : undefined;

const idOf = (what: unknown): string => createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 16);

async function openEtcd({ readSecret, etcdPort }: OperationsOptions): Promise<EtcdGateway> {
  const { etcdCa: ca, etcdClient: cert, etcdClientKey: key } = layout.tls;
  const credentials = await credentialsOf(readSecret, { ca, cert, key });
  return new EtcdGateway({ credentials, ...(etcdPort !== undefined && { port: etcdPort }) });
}
