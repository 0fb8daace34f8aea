/** The steps of operations, done: through the cluster's API, etcd, the orders for nodes and the machines' book. */
import type { Mac } from "../../cluster/address.ts";
import { etcdMembers, machineByMac } from "../../cluster/queries.ts";
import type { Outcome } from "../http/world.ts";
import type { Snapshot } from "../kubernetes/etcd-snapshots.ts";
import type { ObjectKey } from "../kubernetes/leftovers.ts";
import type { MachineEvent, MachineView } from "../machines/machine.ts";
import { isInstalled } from "../machines/state.ts";
import { eviction, evictionPath, leaving, nameOf, podsOn } from "./drain.ts";
import { lacksOfAlone } from "./etcd-now.ts";
import { NODES } from "./observed.ts";
import type { Step, Target } from "./operation.ts";
import type { OrderBook } from "./orders.ts";
import type { Doing, Hands } from "./runner.ts";
import { Sight, type SightSettings } from "./sight.ts";
import { apiReleases, machineNamed, memberOf, nodeNow, type Situation, trouble } from "./situation.ts";
import { Hopeless, until, type Waiting } from "./wait.ts";

export interface HandsSettings extends SightSettings {
  readonly machines: { find(mac: Mac): MachineView | undefined; apply(mac: Mac, event: MachineEvent): Promise<Outcome> };
  readonly book: OrderBook;
  snapshot(signal: AbortSignal): Promise<unknown>;
  readonly snapshots: {
    list(): Promise<readonly Snapshot[]>;
    /** What is wrong with it on disk. */
    difference(snapshot: Snapshot): Promise<string | undefined>;
  };
  /** The API of this control plane serves the cluster, whichever it is by now. */
  recognise(mac: Mac): Promise<void>;
  takeAway(addOn: string, object: ObjectKey): Promise<void>;
  /** Milliseconds that only rise. */
  now(): number;
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const MINUTE = 60_000;
/** Milliseconds between two looks. */
const EVERY = 5_000;
type NodeStep = Extract<Step, Target>;

/** Milliseconds. A dead machine that is replaced has to be found and switched on by somebody. */
const LIMITS = {
  change: 2 * MINUTE,
  drain: 20 * MINUTE,
  obeyed: 60 * MINUTE,
  upgraded: 20 * MINUTE,
  restored: 20 * MINUTE,
  installed: 180 * MINUTE,
} as const;

export class ClusterHands implements Hands {
  readonly sight: Sight;
  readonly #settings: HandsSettings;

  constructor(settings: HandsSettings) {
    this.sight = new Sight(settings);
    this.#settings = settings;
  }

  look(): Promise<Situation> {
    return this.sight.look();
  }

  async take(step: Step, doing: Doing): Promise<void> {
    if (step.do === "snapshot") {
      await this.#settings.snapshot(doing.signal);
      return;
    }
    if (step.do === "check") return this.#check(step);
    if (step.do === "take-away") return this.#mend(doing, () => this.#settings.takeAway(step.addOn, step.object));
    await this.#atNode(step, doing);
  }

  async #check({ snapshot: name, sha256 }: Extract<Step, { readonly do: "check" }>): Promise<void> {
    const { snapshots } = this.#settings;
    const found = (await snapshots.list()).find((one) => one.name === name);
    if (!found) throw new Error(`there is no snapshot ${name} any more; cancel, and restore another one`);
    const wrong = found.sha256 === sha256 ? await snapshots.difference(found) : `${name}: is not the one that was planned with`;
    if (wrong !== undefined) throw new Error(`${wrong}; nothing was stopped; cancel, and restore another one`);
  }

  async #atNode(step: NodeStep, doing: Doing): Promise<void> {
    const { book } = this.#settings;
    switch (step.do) {
      case "cordon":
      case "uncordon":
        return this.#mend(doing, () => this.#schedulable(step.node, step.do === "uncordon"));
      case "drain":
        return this.#drain(step.node, doing);
      case "upgrade":
        await book.give(step.mac, doing.order, doing.tries, { do: "upgrade", release: step.release, kind: step.kind });
        return;
      case "prepare":
        await book.give(step.mac, doing.order, doing.tries, { do: "prepare", snapshot: step.snapshot, sha256: step.sha256 });
        return;
      case "restore":
        await book.give(step.mac, doing.order, doing.tries, { do: "restore", sha256: step.sha256 });
        return;
      case "restored":
        return this.#restored(step, doing);
      case "recognise":
        return this.#settings.recognise(step.mac);
      case "stop":
      case "start":
      case "rejoin":
      case "leave":
      case "reinstall":
        await book.give(step.mac, doing.order, doing.tries, { do: step.do });
        return;
      case "obeyed":
        return this.#obeyed(step, doing);
      case "ready":
        return this.#ready(step, doing);
      case "remove-member":
        return this.#mend(doing, () => this.#removeMember(step));
      case "delete-node":
        return this.#mend(
          doing,
          async () => void (await unless(404, (await this.#settings.api()).call("DELETE", `${NODES}/${step.node}`))),
        );
      case "retire":
        await book.withdraw(step.mac);
        return this.#machine(step, { type: "retire" });
      case "install":
        return this.#install(step);
    }
  }

  async #schedulable(node: string, is: boolean): Promise<void> {
    const body = JSON.stringify({ spec: { unschedulable: is ? null : true } });
    await (await this.#settings.api()).call("PATCH", `${NODES}/${node}`, { type: "application/merge-patch+json", body });
  }

  /** As PodDisruptionBudgets allow: who may not go now is asked again until the time is over. */
  async #drain(node: string, doing: Doing): Promise<void> {
    const check = async (): Promise<string | undefined> => {
      const api = await this.#settings.api();
      const release = apiReleases(await this.look())?.oldest ?? "1.22.0";
      const { evicted, alone } = leaving(podsOn(await api.call("GET", `/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`)));
      if (alone.length > 0)
        throw new Hopeless(
          `nobody would start ${alone.map(nameOf).join(", ")} anywhere again: they have no controller; delete or move them`,
        );
      const held: string[] = [];
      for (const pod of evicted) {
        if (pod.metadata.deletionTimestamp !== undefined || doing.signal.aborted) continue;
        const content = { type: "application/json", body: JSON.stringify(eviction(pod, release)) };
        const refusal = await unless(404, api.call("POST", evictionPath(pod), content)).then(
          () => undefined,
          (error: Error & { readonly status?: number }) => error,
        );
        if (refusal && refusal.status !== 429) throw refusal;
        if (refusal) held.push(nameOf(pod));
      }
      if (evicted.length === 0) return undefined;
      const rest = `${evicted.length} pods are still there`;
      return held.length === 0 ? rest : `${rest}; a PodDisruptionBudget holds ${held.join(", ")}`;
    };
    await until(check, this.#waiting(doing, LIMITS.drain));
  }

  /** etcd refuses for some seconds after its members have found each other. */
  async #removeMember({ mac, node }: Target): Promise<void> {
    const situation = await this.look();
    const machine = machineNamed(situation, node);
    const member = machine && memberOf(situation, machine);
    if (!member) return;
    const through = etcdMembers(this.#settings.cluster()).filter((other) => other.mac !== mac && memberOf(situation, other)?.healthy);
    let last: unknown = new Hopeless("no other member of etcd answers");
    for (const other of through) {
      const address = this.sight.addressOf(other);
      if (address === undefined) continue;
      try {
        return await (await this.#settings.etcd()).remove(address, member.id);
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  async #obeyed(step: Extract<Step, { readonly do: "obeyed" }>, doing: Doing): Promise<void> {
    const { book } = this.#settings;
    const last = book.find(step.mac);
    // It was continued after the node had failed: the same is ordered anew.
    if (last?.is === "failed" && last.id.startsWith(`${doing.order}.`)) await book.give(step.mac, doing.order, doing.tries, last.what);
    const check = async (): Promise<string | undefined> => {
      const order = book.find(step.mac);
      if (!order?.id.startsWith(`${doing.order}.`)) throw new Hopeless(`${step.node} has no such order any more; cancel, and plan anew`);
      if (order.is === "failed") throw new Hopeless(`${step.node} says: ${order.reason}`);
      return order.is === "obeyed" ? undefined : `order ${order.id} is given, and ${step.node} has not said that it is carried out`;
    };
    await until(check, { ...this.#waiting(doing, LIMITS.obeyed), every: 1_000 });
  }

  async #ready(step: Extract<Step, { readonly do: "ready" }>, doing: Doing): Promise<void> {
    const { machines } = this.#settings;
    const check = async (): Promise<string | undefined> => {
      const state = machines.find(step.mac);
      if (!state || !isInstalled(state)) return `the machine is ${state?.phase ?? "unknown"}${state ? `: ${state.because}` : ""}`;
      const situation = await this.look();
      const machine = machineNamed(situation, step.node);
      if (!machine) throw new Hopeless(`${step.node} is not in cluster-desc.yml any more`);
      const node = nodeNow(situation, step.node);
      if (step.release !== undefined && node?.kubelet !== step.release) return `its kubelet is ${node?.kubelet ?? "not there"}`;
      if (step.release !== undefined && node?.apiServer && node.apiServer.release !== step.release)
        return `its API server is ${node.apiServer.release}`;
      if (machine.roles.includes("control-plane") && !node?.apiServer) return "its API server is not there yet";
      return trouble(situation, machine);
    };
    await until(check, this.#waiting(doing, step.release === undefined ? LIMITS.installed : LIMITS.upgraded));
  }

  async #restored(step: Target, doing: Doing): Promise<void> {
    const check = async (): Promise<string | undefined> => {
      const address = this.sight.addressOf(machineByMac(this.#settings.cluster(), step.mac) ?? step);
      if (address === undefined) return "its address is not known";
      return lacksOfAlone(await this.#settings.etcd(), { name: step.node, address });
    };
    await until(check, this.#waiting(doing, LIMITS.restored));
  }

  async #install(step: Target): Promise<void> {
    const state = this.#settings.machines.find(step.mac);
    if (state?.phase === "reinstall" || state?.phase === "granted") return;
    if (state?.phase === "retired") await this.#machine(step, { type: "assign" });
    const installed = state !== undefined && isInstalled(state);
    await this.#machine(step, { type: installed ? "reinstall" : "grant" });
  }

  async #machine({ mac, node }: Target, event: MachineEvent): Promise<void> {
    const outcome = await this.#settings.machines.apply(mac, event);
    if (!outcome.ok) throw new Error(`${event.type} of ${node} was refused: ${outcome.because}`);
  }

  /** Done again for a while when it fails: an API server may just be changing. */
  #mend(doing: Doing, work: () => Promise<void>): Promise<void> {
    return until(
      async () => {
        try {
          await work();
        } catch (error) {
          const { status } = error as { readonly status?: number };
          if (status !== undefined && status >= 400 && status < 500 && status !== 409 && status !== 429)
            throw new Hopeless((error as Error).message);
          throw error;
        }
        return undefined;
      },
      this.#waiting(doing, LIMITS.change),
    );
  }

  #waiting({ signal, tell }: Doing, limit: number): Waiting {
    const { now, pause } = this.#settings;
    return { signal, limit, every: EVERY, now, pause, tell };
  }
}

/** Done as well when the API says that it is so already. */
const unless = (status: number, done: Promise<unknown>): Promise<unknown> =>
  done.catch((error: { readonly status?: number }) => {
    if (error.status !== status) throw error;
  });
