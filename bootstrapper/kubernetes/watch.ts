/** Looks after the cluster every few seconds: what its API says of nodes and workloads, labels, add-ons; all of it away from whoever asks us. */
import type { Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Journal } from "../journal.ts";
import type { MachineView } from "../machines/machine.ts";
import type { AddOns } from "./add-ons.ts";
import type { Api, Seen } from "./api.ts";
import { put } from "./apply.ts";
import type { Certificates } from "./certificates.ts";
import type { Connection, Open } from "./connection.ts";
import type { Desk } from "./desk.ts";
import { type Finding, type Health, healthOf, type Said } from "./health.ts";
import { labelPatch } from "./labels.ts";
import { Novelty } from "./news.ts";
import { nodes, pods, workloads } from "./objects.ts";

export interface WatchSettings {
  cluster(): Cluster;
  readonly machines: { find(mac: Mac): MachineView | undefined };
  readonly connection: Connection;
  readonly desk: Desk;
  readonly addOns: AddOns;
  readonly certificates: Certificates;
  /** When the cluster was founded; undefined while it is not. */
  foundedAt(): number | undefined;
  onServing(controlPlanes: readonly Mac[]): void;
  readonly journal: Journal;
  now(): number;
  /** Milliseconds between two looks. */
  readonly every?: { readonly founded: number; readonly unfounded: number };
}

const EVERY = { founded: 10_000, unfounded: 30_000 };
/** Nodes that are labelled after one look; the next look takes the next ones. */
const LABELLED = 32;

export class Watch {
  readonly #settings: WatchSettings;
  readonly #novelty = new Novelty();
  #health: Health = { nodes: [], findings: [] };
  /** What the API said last: nothing of it is well again only because nobody can be asked. */
  #said: Said | undefined;
  #servers: readonly Seen[] = [];
  #hindrance: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    this.#next(0);
  }

  get health(): Health {
    return this.#health;
  }

  /** Every control plane as it was at the last look. */
  get servers(): readonly Seen[] {
    return this.#servers;
  }

  /** Why nobody can look. */
  get hindrance(): string | undefined {
    return this.#hindrance;
  }

  /** Looks now. Never rejects. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: Error) =>
        this.#settings.journal({ from: "kubernetes", level: "warning", text: `the cluster was not looked after: ${error.message}` }),
      );
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #next(after: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      const { every = EVERY, foundedAt } = this.#settings;
      void this.look().then(() => this.#next(foundedAt() === undefined ? every.unfounded : every.founded));
    }, after).unref();
  }

  async #look(): Promise<void> {
    const { connection, desk, foundedAt, addOns } = this.#settings;
    if (this.#closed) return;
    let open: Open;
    try {
      open = await connection.open();
      this.#hindrance = undefined;
    } catch (error) {
      this.#hindrance = (error as Error).message;
      this.#forget();
      return;
    }
    this.#servers = await desk.look(open);
    this.#settings.onServing(this.#servers.flatMap(({ mac, is }) => (is === "ready" ? [mac] : [])));
    await desk.looked(this.#servers).catch(() => undefined);
    const founded = foundedAt();
    if (founded === undefined) {
      this.#said = undefined;
      this.#health = { nodes: [], findings: [] };
      return;
    }
    const asked = this.#servers.some(({ is }) => is === "ready") ? await this.#ask(open.api) : undefined;
    const findings: Finding[] = [];
    if (asked && "nodes" in asked) {
      this.#said = asked;
      findings.push(...(await this.#label(asked, open.api)));
      await addOns.proceed(open.api, founded);
    } else if (asked) findings.push(asked);
    if (!this.#closed) await this.#conclude(findings);
  }

  #forget(): void {
    this.#said = undefined;
    this.#health = { nodes: [], findings: [] };
    this.#servers = [];
    this.#settings.onServing([]);
  }

  /** What the API says, or why it cannot be asked. */
  async #ask(api: Api): Promise<Said | Finding> {
    const system = "/apis/apps/v1/namespaces/kube-system";
    try {
      const [all, deployments, daemonSets, own] = await Promise.all([
        api.call("GET", "/api/v1/nodes"),
        api.call("GET", `${system}/deployments`),
        api.call("GET", `${system}/daemonsets`),
        api.call("GET", "/api/v1/namespaces/kube-system/pods?labelSelector=tier%3Dcontrol-plane"),
      ]);
      return {
        nodes: nodes(all),
        workloads: [...workloads("Deployment", deployments), ...workloads("DaemonSet", daemonSets)],
        pods: pods(own),
      };
    } catch (error) {
      return { about: "the API", text: `the cluster's API cannot be asked: ${(error as Error).message}` };
    }
  }

  async #conclude(also: readonly Finding[]): Promise<void> {
    const { cluster, machines, journal, now, addOns, certificates } = this.#settings;
    const found = healthOf({
      now: now(),
      cluster: cluster(),
      phaseOf: (mac) => machines.find(mac)?.phase,
      servers: this.#servers,
      ...(this.#said && { said: this.#said }),
      certificates: await certificates.look(this.#servers),
    });
    const late = addOns.standing.flatMap(({ name, is, because }): Finding[] =>
      is === "refused" || is === "starts" ? [{ about: `add-on ${name}`, text: `add-on ${name}: ${because}` }] : [],
    );
    const findings = [...found.findings, ...also, ...late];
    this.#health = { nodes: found.nodes, findings };
    for (const { mac, ...news } of this.#novelty.of(findings)) journal({ from: "kubernetes", ...news, ...(mac && { mac }) });
  }

  /** Only what a kubelet may not say of itself. */
  async #label(said: Said, api: Api): Promise<readonly Finding[]> {
    const { cluster, journal } = this.#settings;
    const findings: Finding[] = [];
    const byName = new Map(cluster().machines.map((machine) => [machine.name, machine]));
    const due = said.nodes.flatMap((node) => {
      const machine = byName.get(node.metadata.name);
      const patch = machine && labelPatch(machine, node);
      return patch ? [{ machine, patch }] : [];
    });
    for (const { machine, patch } of due.slice(0, LABELLED)) {
      try {
        await put(patch, `/api/v1/nodes/${machine.name}`, api);
        journal({ from: "kubernetes", mac: machine.mac, level: "info", text: "its node has the labels of the description" });
      } catch (error) {
        const about = `labels of ${machine.name}`;
        findings.push({ about, mac: machine.mac, text: `${about} cannot be set: ${(error as Error).message}` });
      }
    }
    return findings;
  }
}
