/** What the HTTP server may ask of the rest of the bootstrapper. The appliance builds it; tests build a small one. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Journal, JournalEntry } from "../journal.ts";
import type { Snapshot } from "../kubernetes/etcd-snapshots.ts";
import type { NodeStanding } from "../kubernetes/health.ts";
import type { ClusterView } from "../kubernetes/view.ts";
import type { Heard, OrderWord, Word } from "../kubernetes/words.ts";
import type { MachineEvent, MachineView, NextBoot, Transfer } from "../machines/machine.ts";
import type { Operation, Planned, Wish } from "../operations/operation.ts";

export interface World {
  /** Name of the cluster, for page titles. */
  readonly cluster: string;
  /** Absolute path of the folder served as /static. */
  readonly staticFolder: string;
  /** SHA-256 (hex) of the API's bearer token. */
  readonly apiTokenHash: string;
  readonly machines: Machines;
  readonly texts: Texts;
  readonly kubernetes: Kubernetes;
  readonly operations: Operations;
  readonly journal: Journal;
  /** The newest entries, newest last. */
  journalTail(count: number): Promise<readonly JournalEntry[]>;
  leases(): readonly LeaseView[];
  health(): Health;
  now(): number;
  /** `bytes` random bytes as lower-case hex. */
  random(bytes: number): string;
}

export interface Machines {
  list(): readonly MachineView[];
  find(mac: Mac): MachineView | undefined;
  /** Who holds this address now: by lease or reservation. */
  holder(address: Ipv4): Mac | undefined;
  nextBoot(mac: Mac): NextBoot;
  /** Moves a machine on, durably, or says why not. Calls for one MAC happen one after another. */
  apply(mac: Mac, event: MachineEvent): Promise<Outcome>;
  /** What it fetches right now, for the page; undefined when done. */
  setTransfer(mac: Mac, transfer: Transfer | undefined): void;
}

export type Outcome = { readonly ok: true; readonly machine: MachineView } | { readonly ok: false; readonly because: string };

export interface Kubernetes {
  /** What the node with this MAC says of its way into the cluster, and its answer. Rejects when the disk refuses. */
  hear(mac: Mac, word: Word): Promise<Heard>;
  view(): ClusterView;
  /** A machine as the cluster sees it; undefined while it is on its way there, or nobody has looked. */
  node(mac: Mac): NodeStanding | undefined;
  /** The administrator's, for kubectl; `address`: where the API is right now, for who does not ask our DNS. Rejects with why there is none. */
  kubeconfig(by: "name" | "address"): Promise<string>;
  /** Gives the cluster up, so that another may be founded, or says why not. Rejects when the disk refuses. */
  forget(): Promise<Heard>;
}

/** What may be done to the cluster once it runs. */
export interface Operations {
  /** What the node with this MAC says of its orders, and its answer. Rejects when the disk refuses. */
  hear(mac: Mac, word: OrderWord): Promise<Heard>;
  /** As the cluster is now. Rejects when it cannot be looked at. */
  plan(wish: Wish): Promise<{ readonly planned: Planned /** Names these very steps. */; readonly id: string }>;
  /** Begins what was planned under this id; rejects when the plan would be another one by now. */
  apply(wish: Wish, id: string): Promise<Operation>;
  continue(): Promise<Operation>;
  cancel(): Promise<Operation>;
  /** The one that runs or ran last, and what it does at this moment. */
  last(): { readonly operation: Operation; readonly doing: string } | undefined;
  /** Newest first. */
  snapshots(): Promise<readonly Snapshot[]>;
  takeSnapshot(): Promise<Snapshot>;
  readSnapshot(name: string): Promise<{ readonly snapshot: Snapshot; readonly stream: NodeJS.ReadableStream } | undefined>;
  /** The one that the node with this MAC is ordered to restore from; undefined while it has no such order. */
  snapshotFor(mac: Mac): ReturnType<Operations["readSnapshot"]>;
}

/** The rendered answers. None of the first three carries a secret. All throw only on a broken bsroot. */
export interface Texts {
  bootScript(mac: Mac): string;
  stageOne(mac: Mac): string | undefined;
  installScript(mac: Mac): string;
  /** The script of /install.sh: finds its own MAC and runs /install/<mac>.sh. */
  wayIn(): string;
  /** The script that sets kubectl up; undefined when there is no Kubernetes. */
  setupKubectl(): string | undefined;
  /** First-boot configuration, secrets included: call it only after `secrets-released` was applied. */
  config(mac: Mac, reportToken: string): Promise<{ readonly contentType: string; readonly body: string }>;
}

export interface LeaseView {
  readonly mac: Mac;
  readonly address: Ipv4;
  readonly hostname?: string;
  /** Milliseconds since 1970; absent for an infinite lease. */
  readonly expiresAt?: number;
}

export interface Health {
  readonly ok: boolean;
  /** "dhcp": "serving" | "time": "synchronised, stratum 10" ... one line each. */
  readonly parts: Readonly<Record<string, string>>;
}
