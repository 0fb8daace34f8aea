/** The cluster as it is at this moment, for plans and steps: through its API, etcd, the machines' book and what lies on our disk. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { etcdMembers } from "../../cluster/queries.ts";
import type { Api } from "../kubernetes/api.ts";
import type { EtcdGateway } from "../kubernetes/etcd-gateway.ts";
import type { Snapshot } from "../kubernetes/etcd-snapshots.ts";
import type { Leftover } from "../kubernetes/leftovers.ts";
import type { MachineView } from "../machines/machine.ts";
import { membersNow, placesOf } from "./etcd-now.ts";
import { API_SERVERS, NODES, observedNodes } from "./observed.ts";
import type { MemberNow, Situation } from "./situation.ts";

export interface SightSettings {
  cluster(): Cluster;
  /** Rejects when the bsroot does not have what it takes. */
  api(): Promise<Api>;
  etcd(): Promise<EtcdGateway>;
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
  readonly machines: { find(mac: Mac): MachineView | undefined };
  /** Releases whose programs this bsroot has whole. */
  carried(): readonly string[];
  readonly snapshots: { list(): Promise<readonly Snapshot[]> };
  /** Whether it has just asked for orders. */
  isAwake(mac: Mac): boolean;
  leftovers(): Promise<readonly Leftover[]>;
}

export class Sight {
  readonly #settings: SightSettings;

  constructor(settings: SightSettings) {
    this.#settings = settings;
  }

  async look(): Promise<Situation> {
    const described = this.#settings.cluster();
    const api = await this.#settings.api();
    const [known, nodes, servers, seen, etcd] = await Promise.all([
      this.#known(),
      api.call("GET", NODES),
      api.call("GET", API_SERVERS),
      api.look(),
      this.#members(),
    ]);
    const ready = new Set(
      seen.filter(({ is }) => is === "ready").map(({ mac }) => described.machines.find((machine) => machine.mac === mac)?.name),
    );
    return { ...known, nodes: observedNodes(nodes, servers, (name) => ready.has(name)), etcd };
  }

  /** What is known without the API, and of etcd what it says if it answers: for plans that need neither. */
  async glance(): Promise<Situation> {
    const [known, etcd] = await Promise.all([this.#known(), this.#members().catch(() => [])]);
    return { ...known, nodes: [], etcd };
  }

  /** With what add-ons left behind, each object looked at. */
  async lookForLeftovers(): Promise<Situation> {
    const [seen, leftovers] = await Promise.all([this.look(), this.#settings.leftovers()]);
    return { ...seen, leftovers };
  }

  /** The one that is described for it, or the one it has. */
  addressOf({ mac, address }: Pick<Machine, "mac" | "address">): Ipv4 | undefined {
    return address ?? this.#settings.addressOf(mac);
  }

  async #known(): Promise<Omit<Situation, "nodes" | "etcd">> {
    const { cluster: described, machines, carried, snapshots, isAwake } = this.#settings;
    const cluster = described();
    const phases = cluster.machines.flatMap(({ mac, name }) => {
      const phase = machines.find(mac)?.phase;
      return phase === undefined ? [] : [[name, phase] as const];
    });
    const awake = new Set(cluster.machines.flatMap(({ mac, name }) => (isAwake(mac) ? [name] : [])));
    return { cluster, phases: new Map(phases), carried: carried(), awake, snapshots: await snapshots.list() };
  }

  async #members(): Promise<readonly MemberNow[]> {
    const places = placesOf(etcdMembers(this.#settings.cluster()), (machine) => this.addressOf(machine));
    return membersNow(await this.#settings.etcd(), places);
  }
}
