/** What is done to the running cluster: operations, orders for nodes, and snapshots of etcd on a timer. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { releasesOf } from "../../cluster/kubernetes/releases.ts";
import { isExact } from "../../cluster/kubernetes/version.ts";
import { architectures, etcdMembers } from "../../cluster/queries.ts";
import type { Operations, Outcome } from "../http/world.ts";
import type { Journal } from "../journal.ts";
import { Snapshots } from "../kubernetes/etcd-snapshots.ts";
import type { KubernetesService } from "../kubernetes/service.ts";
import type { MachineEvent, MachineView } from "../machines/machine.ts";
import type { Store } from "../store/store.ts";
import { placesOf } from "./etcd-now.ts";
import { ClusterHands } from "./hands.ts";
import { type Operation, type Planned, underWay, type Wish } from "./operation.ts";
import { carriedReleases, OrderDesk } from "./order-desk.ts";
import { OrderBook } from "./orders.ts";
import { plan } from "./plan.ts";
import { OperationError, Runner } from "./runner.ts";
import type { Sight } from "./sight.ts";
import type { Situation } from "./situation.ts";
import { TimedSnapshots } from "./timed-snapshots.ts";

export interface OperationsOptions {
  cluster(): Cluster;
  readonly kubernetes: Pick<KubernetesService, "connection" | "etcd" | "recognise" | "leftovers" | "takeAway">;
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
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
}

export interface OperationsService extends Operations {
  close(): Promise<void>;
}

/** Milliseconds between two looks at whether a snapshot is due. */
const LOOK = 300_000;

export async function startOperations(options: OperationsOptions): Promise<OperationsService> {
  const { cluster, kubernetes, files, machines, store, journal, now, random, addressOf } = options;
  const carriedOut: { by?: Runner } = {};
  const snapshots = new Snapshots(join(options.folder, "snapshots"), () => neededBy(carriedOut.by?.operation));
  const book = await OrderBook.open(store, (mac) => machines.find(mac)?.reportTokenHash);
  const rises = (): number => performance.now();
  const isUnderWay = (id: string): boolean => underWay(carriedOut.by?.operation)?.id === id;
  const desk = new OrderDesk({ cluster, files, https: options.https, book, isUnderWay, machines, journal, now: rises });

  const timed = new TimedSnapshots({
    snapshots,
    etcd: () => kubernetes.etcd.get(),
    places: () => placesOf(etcdMembers(cluster()), (machine) => machine.address ?? addressOf(machine.mac)),
    isUp: () =>
      cluster().kubernetes.version !== undefined && etcdMembers(cluster()).some(({ mac }) => machines.find(mac)?.phase === "ready"),
    journal,
    now,
    rises,
  });

  const releases = (): readonly string[] => releasesOf(cluster()).filter(isExact);
  const hands = new ClusterHands({
    cluster,
    api: async () => (await kubernetes.connection.open()).api,
    etcd: () => kubernetes.etcd.get(),
    addressOf,
    machines,
    book,
    carried: () => carriedReleases(releases(), architectures(cluster()), files()),
    snapshot: (signal) => timed.take(signal),
    snapshots,
    isAwake: (mac) => desk.isAwake(mac),
    recognise: kubernetes.recognise,
    leftovers: kubernetes.leftovers,
    takeAway: kubernetes.takeAway,
    now: rises,
    pause: paused,
  });
  const runner = await Runner.open({ store, hands, journal, now, rises, pause: paused, random });
  carriedOut.by = runner;
  const ended = new AbortController();
  const look = (): Promise<void> => timed.look(ended.signal);
  let looking = look();
  const timer = setInterval(() => {
    looking = looking.then(look);
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
    takeSnapshot: () => timed.take(ended.signal),
    readSnapshot: (name) => snapshots.read(name),
    snapshotFor: async (mac) => {
      const order = desk.orderFor(mac);
      return order?.what.do === "prepare" ? snapshots.read(order.what.snapshot) : undefined;
    },
    close: async () => {
      clearInterval(timer);
      ended.abort();
      kubernetes.connection.renew(); // what hangs on the API ends with us
      kubernetes.etcd.giveUp();
      await Promise.all([runner.close(), looking]);
    },
  };
}

/** A restoration is planned while nothing may answer. */
function situationFor(wish: Wish, sight: Sight): Promise<Situation> {
  if (wish.do === "restore") return sight.glance();
  return wish.do === "prune" ? sight.lookForLeftovers() : sight.look();
}

const paused = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  pause(milliseconds, undefined, { signal }).catch(() => undefined);

/** The snapshot that must not make room: an operation is not at its end that restores from it. */
function neededBy(operation: Operation | undefined): string | undefined {
  const wish = underWay(operation)?.wish;
  return wish?.do === "restore" ? wish.snapshot : undefined;
}

const idOf = (what: unknown): string => createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 16);
