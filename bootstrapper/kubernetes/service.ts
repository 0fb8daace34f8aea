/** The cluster that the machines become: founding and joining it, and looking after it. */
import { X509Certificate } from "node:crypto";
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { API_PORT, apiEndpoint } from "../../cluster/kubernetes/endpoint.ts";
import { kubeconfig } from "../../cluster/kubernetes/kubeconfig.ts";
import { layout } from "../../cluster/layout.ts";
import type { Journal } from "../journal.ts";
import type { MachineView } from "../machines/machine.ts";
import { Opened } from "../opened.ts";
import type { Store } from "../store/store.ts";
import { AddOns } from "./add-ons.ts";
import { ApiError, type Credentials, type Patience } from "./api.ts";
import { Certificates } from "./certificates.ts";
import { Charter } from "./charter.ts";
import { Connection } from "./connection.ts";
import { credentialsOf } from "./credentials.ts";
import { Desk } from "./desk.ts";
import { Entrance } from "./entrance.ts";
import { type EtcdGateway, openEtcd } from "./etcd-gateway.ts";
import { isOurs } from "./founding.ts";
import type { NodeStanding } from "./health.ts";
import { Issuer } from "./issuer.ts";
import { Ledger } from "./ledger.ts";
import type { Applied, Leftover, ObjectKey } from "./leftovers.ts";
import { type ClusterView, viewOf } from "./view.ts";
import { Watch } from "./watch.ts";
import type { Heard, Word } from "./words.ts";

export interface KubernetesOptions {
  /** As it is now. */
  cluster(): Cluster;
  readonly machines: { find(mac: Mac): MachineView | undefined };
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
  /** The bytes of a file below tls/ of the bsroot. */
  readSecret(path: string): Promise<Uint8Array>;
  /** The bytes of a file that the manifest lists, checked; undefined when it lists none. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** Told of the control planes whose API is ready, each time somebody has looked. */
  onServing(controlPlanes: readonly Mac[]): void;
  readonly store: Store;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  random(bytes: number): Uint8Array;
  /** Where API servers listen; 6443 unless said otherwise. */
  readonly port?: number;
  /** Where etcd listens for clients; 2379 unless said otherwise. */
  readonly etcdPort?: number;
  readonly patience?: Patience;
  /** Milliseconds between two looks at the cluster. */
  readonly every?: { readonly founded: number; readonly unfounded: number };
}

export interface KubernetesService {
  /** The way to the cluster's API, for whoever else works on it. */
  readonly connection: Connection;
  /** The way to etcd, likewise. */
  readonly etcd: Opened<EtcdGateway>;
  /** What a node says, and its answer; the caller has seen to it that it is that node. Rejects when the disk refuses. */
  hear(mac: Mac, word: Word): Promise<Heard>;
  view(): ClusterView;
  /** A machine as the cluster sees it; undefined while it is on its way there, or nobody has looked. */
  node(mac: Mac): NodeStanding | undefined;
  /** The administrator's, for kubectl; `address`: where the API is right now, for who does not ask our DNS. Rejects with ApiError. */
  kubeconfig(by: "name" | "address"): Promise<string>;
  /** What this control plane's API serves is the cluster from now on, and add-ons are applied to it again. Rejects when the disk refuses. */
  recognise(mac: Mac): Promise<void>;
  /** What add-ons put there that the bsroot does not have. Rejects with ApiError. */
  leftovers(): Promise<readonly Leftover[]>;
  /** Rejects with ApiError, and when the disk refuses. */
  takeAway(addOn: string, key: ObjectKey): Promise<void>;
  /** Gives the cluster up, so that another may be founded, or says why not. Rejects when the disk refuses. */
  forget(): Promise<Heard>;
  /** Looks after the cluster now. Never rejects. */
  look(): Promise<void>;
  /** Another bsroot is served. */
  reload(): void;
  close(): Promise<void>;
}

export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesService> {
  const { store, now, random, cluster, readSecret, journal } = options;
  const charter = await Charter.open(store, now());
  const connection = new Connection({ ...options, isOurs: (mac, id) => isOurs(charter.founding.founded, mac, id) });
  const issuer = new Issuer(now, random);
  const entrance = new Entrance({ ...options, connection, issuer });
  const desk = new Desk({ ...options, charter, connection, entrance });
  const table = store.table<Applied>("add-ons");
  const ledger = new Ledger(table, await table.entries());
  const addOns = new AddOns({ readFile: options.readFile, ledger, journal });
  const founded = (): number => {
    const at = charter.founding.founded?.at;
    if (at === undefined) throw new ApiError("no cluster is founded yet");
    return at;
  };
  const etcd = new Opened(
    () => openEtcd(options),
    (gateway) => gateway.close(),
  );
  const certificates = new Certificates({
    ...options,
    etcd: () => etcd.get(),
    endOf: (path) => readSecret(path).then(endOf, () => undefined),
  });
  const watch = new Watch({
    ...options,
    connection,
    desk,
    addOns,
    certificates,
    foundedAt: () => charter.founding.founded?.at,
  });
  return {
    connection,
    etcd,
    hear: (mac, word) => desk.hear(mac, word),
    view: () =>
      viewOf(cluster(), {
        founding: charter.founding,
        servers: watch.servers,
        health: watch.health,
        addOns: addOns.standing,
        hindrance: watch.hindrance,
      }),
    node: (mac) => watch.health.nodes.find((node) => node.mac === mac),
    kubeconfig: async (by) => {
      await connection.open(); // rejects where there is no Kubernetes
      const { clusterCa: ca, admin: cert, adminKey: key } = layout.tls;
      const credentials = await credentialsOf(readSecret, { ca, cert, key });
      const ready = watch.servers.find(({ is }) => is === "ready");
      if (by === "address" && !ready) throw new ApiError("no API server is ready");
      return kubeconfigOf(cluster(), credentials, by === "address" ? ready?.address : undefined);
    },
    recognise: async (mac) => {
      await desk.recognise(mac);
      await ledger.doubt();
    },
    leftovers: async () => addOns.leftovers((await connection.open()).api, founded()),
    takeAway: async (addOn, key) => addOns.takeAway(addOn, key, (await connection.open()).api, founded()),
    forget: () => desk.forget(),
    look: () => watch.look(),
    reload: () => {
      connection.renew();
      etcd.giveUp();
      issuer.forget();
    },
    close: async () => {
      const ended = watch.close();
      connection.renew(); // what hangs on the API ends with it
      etcd.giveUp();
      await ended;
    },
  };
}

function kubeconfigOf(cluster: Cluster, { ca, cert, key }: Credentials, address: string | undefined): string {
  const { host, port } = address === undefined ? apiEndpoint(cluster) : { host: address, port: API_PORT };
  return kubeconfig({ cluster: cluster.name, user: "kubernetes-admin", server: `https://${host}:${port}`, ca, certificate: cert, key });
}

function endOf(pem: Uint8Array): number | undefined {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return undefined; // who needs it says what is wrong with it
  }
}
