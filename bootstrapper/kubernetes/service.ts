/** The cluster that the machines become: founding and joining it. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Journal } from "../journal.ts";
import type { MachineView } from "../machines/machine.ts";
import type { Store } from "../store/store.ts";
import { Charter } from "./charter.ts";
import { Connection } from "./connection.ts";
import { Desk } from "./desk.ts";
import { Issuer } from "./issuer.ts";
import type { Heard, Word } from "./words.ts";

export interface KubernetesOptions {
  /** As it is now. */
  cluster(): Cluster;
  readonly machines: { find(mac: Mac): MachineView | undefined };
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
  /** The bytes of a file below tls/ of the bsroot. */
  readSecret(path: string): Promise<Uint8Array>;
  readonly store: Store;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  now(): number;
  random(bytes: number): Uint8Array;
  /** Where API servers listen; 6443 unless said otherwise. */
  readonly port?: number;
  /** Milliseconds for one answer of an API server. */
  readonly patience?: number;
}

export interface KubernetesService {
  /** What a node says, and its answer; the caller has seen to it that it is that node. Rejects when the disk refuses. */
  hear(mac: Mac, word: Word): Promise<Heard>;
  /** Another bsroot is served. */
  reload(): void;
  close(): Promise<void>;
}

export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesService> {
  const { store, now, random } = options;
  const charter = await Charter.open(store, now());
  const connection = new Connection(options);
  const issuer = new Issuer(now, random);
  const desk = new Desk({ ...options, charter, connection, issuer });
  return {
    hear: (mac, word) => desk.hear(mac, word),
    reload: () => {
      connection.renew();
      issuer.forget();
    },
    close: async () => connection.renew(),
  };
}
