/** A cluster of values: what each step does to it, and whether it still works at every moment in between. */
import type { Step } from "../../../bootstrapper/operations/operation.ts";
import type { MemberNow, NodeNow, Situation } from "../../../bootstrapper/operations/situation.ts";
import { type Mac, mac } from "../../../cluster/address.ts";
import type { Cluster, Machine } from "../../../cluster/cluster.ts";
import { etcdMembers, separateEtcd } from "../../../cluster/queries.ts";
import { described } from "../../support/description.ts";

const SAMPLE = described();
export const macOf = (n: number): Mac => mac(`52:54:00:00:00:${(0x10 + n).toString(16)}`);

export function clusterOf(planes: number, workers: number, version = "1.36.2", more: Partial<Machine>[] = []): Cluster {
  const sample = SAMPLE.machines[1]!;
  const machine = (name: string, n: number, roles: Machine["roles"]): Machine => {
    const { address: _, ...rest } = sample;
    return {
      ...rest,
      name,
      mac: macOf(n),
      roles,
      ...(roles[0] === "worker" ? {} : { address: `127.0.0.${10 + n}` as Machine["address"] & string }),
    };
  };
  const cps = Array.from({ length: planes }, (_, index) => machine(`cp-${index + 1}`, index + 1, ["control-plane"]));
  const others = Array.from({ length: workers }, (_, index) => machine(`w-${index + 1}`, 0x20 + index, ["worker"]));
  const further = more.map((one, index) => ({ ...machine(`x-${index + 1}`, 0x40 + index, ["etcd"]), ...one }));
  return { ...SAMPLE, machines: [...cps, ...others, ...further], kubernetes: { ...SAMPLE.kubernetes, version } };
}

export const SNAPSHOT = { name: "etcd-20261121T180000Z.db", at: Date.UTC(2026, 10, 21, 18), size: 4128, sha256: "5a".repeat(32) };

interface Now extends NodeNow {
  readonly name: string;
}
type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What went wrong at some moment, by our own doing. */
export class Harm extends Error {}

export class Model {
  readonly cluster: Cluster;
  readonly nodes = new Map<string, Writable<Now>>();
  readonly members = new Map<string, Writable<MemberNow>>();
  readonly phases = new Map<string, "ready" | "reinstall" | "retired" | "granted">();
  /** Who asks for orders. */
  readonly awake: Set<string>;
  readonly #stopped = new Set<string>();
  carried: string[] = ["1.35.0", "1.36.2", "1.37.1", "1.38.0"];

  constructor(cluster: Cluster, release = "1.36.2") {
    this.cluster = cluster;
    this.awake = new Set(cluster.machines.map(({ name }) => name));
    for (const [index, { name, roles, address }] of cluster.machines.entries()) {
      const plane = roles.includes("control-plane");
      if (roles.some((role) => role !== "etcd"))
        this.nodes.set(name, {
          name,
          ready: true,
          unschedulable: false,
          kubelet: release,
          ...(plane && { apiServer: { release, ready: true } }),
        });
      if (this.#keepsEtcd(name))
        this.members.set(name, { id: String(index + 1), name, peers: [`https://${address}:2380`], healthy: true, version: "3.6.8" });
      this.phases.set(name, "ready");
    }
  }

  situation(): Situation {
    return {
      cluster: this.cluster,
      nodes: structuredClone([...this.nodes.values()]),
      etcd: structuredClone([...this.members.values()]),
      phases: new Map(this.phases),
      carried: this.carried,
      awake: new Set(this.awake),
      snapshots: [SNAPSHOT],
    };
  }

  set(name: string, change: Partial<Now>): void {
    Object.assign(this.nodes.get(name)!, change);
  }
  fails(name: string): void {
    this.awake.delete(name);
    const node = this.nodes.get(name);
    if (node) Object.assign(node, { ready: false, ...(node.apiServer && { apiServer: { ...node.apiServer, ready: false } }) });
    const member = this.members.get(name);
    if (member) member.healthy = false;
  }
  recovers(name: string): void {
    this.awake.add(name);
    const node = this.nodes.get(name);
    if (node) Object.assign(node, { ready: true, ...(node.apiServer && { apiServer: { ...node.apiServer, ready: true } }) });
    const member = this.members.get(name);
    if (member) member.healthy = true;
  }

  writable(): boolean {
    const all = [...this.members.values()];
    return all.filter(({ healthy }) => healthy).length > all.length / 2;
  }

  /** Does what the step does, and throws Harm when the cluster was hurt by it. */
  take(step: Step): void {
    if (!("node" in step)) return;
    const { node: name } = step;
    const node = this.nodes.get(name);
    const plane = this.#roles(name).includes("control-plane");
    switch (step.do) {
      case "cordon":
      case "uncordon":
        if (node) node.unschedulable = step.do === "cordon";
        return;
      case "upgrade":
        if (!node) throw new Harm(`${name} is ordered, and is not there`);
        if (plane) this.#away(name, "upgraded");
        this.#upgrades(node, step.release);
        return;
      case "remove-member": {
        const could = this.writable();
        this.members.delete(name);
        if (could && !this.writable()) throw new Harm(`etcd lost its quorum when ${name} left`);
        if (this.members.size === 0) throw new Harm("the last member of etcd was removed");
        return;
      }
      case "leave":
      case "reinstall":
      case "install":
        if ((plane || this.members.has(name)) && !this.#stopped.has(name)) this.#away(name, "gone");
        return;
      case "stop":
        this.#stopped.add(name);
        this.#quiet(name);
        return;
      case "restore":
        this.#restored(name);
        return;
      case "restored":
        if ([...this.members.keys()].join() !== name) throw new Harm(`etcd is ${[...this.members.keys()].join()} and not ${name} alone`);
        return;
      case "delete-node":
        this.nodes.delete(name);
        if (plane && ![...this.nodes.values()].some(({ apiServer }) => apiServer)) throw new Harm("no API server is left");
        return;
      case "retire":
        if (this.members.has(name)) throw new Harm(`${name} is retired, and etcd still counts on it`);
        this.phases.set(name, "retired");
        return;
      case "ready":
        this.#returns(name, plane);
    }
  }

  #roles(name: string): Machine["roles"] {
    return this.cluster.machines.find((one) => one.name === name)?.roles ?? [];
  }

  #keepsEtcd(name: string): boolean {
    return etcdMembers(this.cluster).some((machine) => machine.name === name);
  }

  /** A service of the machine takes its old self out and a new one in. */
  #joinsAnew(name: string): boolean {
    return separateEtcd(this.cluster).some((machine) => machine.name === name);
  }

  #quiet(name: string): void {
    const node = this.nodes.get(name);
    if (node?.apiServer) node.apiServer = { ...node.apiServer, ready: false };
    const member = this.members.get(name);
    if (member) member.healthy = false;
  }

  /** What was is forgotten; who still served it would be a second cluster. */
  #restored(name: string): void {
    const others = [...this.members.values()].filter((member) => member.name !== name);
    const serving = others.filter((member) => member.healthy);
    if (serving.length > 0) throw new Harm(`${name} is restored while ${serving.map((one) => one.name).join()} serves what was`);
    for (const other of others) this.members.delete(other.name);
    this.recovers(name);
  }

  /** Its API server and its member stop answering for a while; the others must do without. */
  #away(name: string, why: "upgraded" | "gone"): void {
    const plane = this.#roles(name).includes("control-plane");
    const down = [...this.nodes.values()].filter((node) => node.name !== name && node.apiServer && !(node.apiServer.ready && node.ready));
    if (plane && down.length > 0) throw new Harm(`${name} is ${why} while ${down.map((one) => one.name).join()} is down`);
    if (why === "upgraded" && separateEtcd(this.cluster).length > 0) return; // a service of the machine goes on
    const others = [...this.members.values()].filter((member) => member.name !== name);
    const small = this.members.size <= 2 && why === "upgraded"; // a pause, and nothing lost
    if (!small && others.filter(({ healthy }) => healthy).length <= this.members.size / 2 && this.members.size > 0)
      throw new Harm(`etcd has no quorum while ${name} is ${why}`);
    const member = why === "gone" ? this.members.get(name) : undefined;
    if (member && !this.#joinsAnew(name)) throw new Harm(`${name} goes, and etcd still counts on it`);
    if (member) member.healthy = false;
  }

  #upgrades(node: Writable<Now>, release: string): void {
    const minor = (version: string): number => Number(version.split(".")[1]);
    if (node.apiServer) {
      if (minor(release) - minor(node.apiServer.release) > 1) throw new Harm(`${node.name} skips a minor release`);
      if (minor(release) < minor(node.apiServer.release)) throw new Harm(`${node.name} goes back`);
      node.apiServer = { ...node.apiServer, release };
    }
    node.kubelet = release;
    const servers = [...this.nodes.values()].flatMap(({ apiServer }) => (apiServer ? [minor(apiServer.release)] : []));
    if (Math.max(...servers) - Math.min(...servers) > 1) throw new Harm(`API servers are two minor releases apart: ${servers.join()}`);
    for (const { name, kubelet, apiServer } of this.nodes.values()) {
      if (!apiServer && minor(kubelet) > Math.min(...servers)) throw new Harm(`the kubelet of ${name} is newer than an API server`);
      if (Math.max(...servers) - minor(kubelet) > (Math.max(...servers) >= 28 ? 3 : 2))
        throw new Harm(`the kubelet of ${name} is left behind`);
    }
  }

  #returns(name: string, plane: boolean): void {
    this.#stopped.delete(name);
    const isNode = this.#roles(name).some((role) => role !== "etcd");
    if (isNode ? this.nodes.has(name) : this.members.get(name)?.healthy) return;
    const { version = "" } = this.cluster.kubernetes;
    if (isNode)
      this.nodes.set(name, {
        name,
        ready: true,
        unschedulable: false,
        kubelet: version,
        ...(plane && { apiServer: { release: version, ready: true } }),
      });
    if (this.#keepsEtcd(name) && !this.members.get(name)?.healthy) {
      if (this.members.has(name) && !this.writable()) return; // it waits for the others, of whom one died meanwhile
      this.members.set(name, { id: `${name}-again`, name, peers: [], healthy: true, version: "3.6.8" });
    }
    this.phases.set(name, "ready");
  }
}
