/** The real service before API servers on loopback; machines, files, clock and journal are the test's. */
import { createHash } from "node:crypto";
import { afterEach, beforeAll, beforeEach } from "vitest";
import type { JournalEntry } from "../../../bootstrapper/journal.ts";
import { type KubernetesService, startKubernetes } from "../../../bootstrapper/kubernetes/service.ts";
import type { MachineView, Phase } from "../../../bootstrapper/machines/machine.ts";
import { type Mac, mac } from "../../../cluster/address.ts";
import { type AddOnIndex, type AppliedAddOn, layout } from "../../../cluster/layout.ts";
import { chanceFrom } from "../../support/chance.ts";
import { type ClusterPki, clusterPki } from "../../support/cluster-pki.ts";
import { DESCRIPTION, described } from "../../support/description.ts";
import { type MemoryStore, memoryStore } from "../../support/memory-store.ts";
import { FakeCluster } from "./fake-api.ts";

export const [CP1, CP2, CP3, W1] = ["11", "12", "13", "21"].map((end) => mac(`52:54:00:00:00:${end}`)) as [Mac, Mac, Mac, Mac];
export const THREE = DESCRIPTION.replace(
  /(name: cp-1,.*)\n/,
  `$1
  - { mac: "52:54:00:00:00:12", name: cp-2, address: 127.0.0.12, roles: [control-plane] }
  - { mac: "52:54:00:00:00:13", name: cp-3, address: 127.0.0.13, roles: [control-plane] }
`,
);
export const withKubernetes = (more = "", text = THREE): string => `${text}kubernetes: { version: "1.20.2"${more && `, ${more}`} }\n`;

export class Rig {
  readonly cluster: FakeCluster;
  readonly store: MemoryStore = memoryStore();
  readonly entries: Omit<JournalEntry, "at">[] = [];
  /** Of machines that are not `configuring`. */
  readonly phases = new Map<Mac, Phase>();
  /** Files below tls/, and those that the manifest lists. */
  readonly files = new Map<string, string>();
  readonly serving: (readonly Mac[])[] = [];
  /** For servers that hang; else a busy host must not make one seem to. */
  patience = { answer: 60_000, glance: 60_000 };
  /** Where members of etcd listen. */
  etcdPort = 1;
  now = Date.UTC(2026, 10, 1, 12);
  service!: KubernetesService;

  constructor(pki: ClusterPki) {
    this.cluster = new FakeCluster(pki);
    this.files
      .set(layout.tls.clusterCa, pki.ca.cert)
      .set(layout.tls.admin, pki.admin.cert)
      .set(layout.tls.adminKey, pki.admin.key)
      .set(layout.tls.superAdmin, pki.superAdmin.cert)
      .set(layout.tls.superAdminKey, pki.superAdmin.key);
  }

  async open(description = withKubernetes()): Promise<void> {
    const parsed = described(description);
    const random = chanceFrom(1);
    const bytesOf = (path: string): Buffer | undefined => {
      const text = this.files.get(path);
      return text === undefined ? undefined : Buffer.from(text);
    };
    this.service = await startKubernetes({
      cluster: () => parsed,
      machines: { find: (who) => ({ mac: who, phase: this.phases.get(who) ?? "configuring" }) as MachineView },
      addressOf: () => undefined,
      readSecret: async (path) => {
        const bytes = bytesOf(path);
        if (bytes) return bytes;
        throw new Error("ENOENT");
      },
      readFile: async (path) => bytesOf(path),
      onServing: (controlPlanes) => this.serving.push(controlPlanes),
      store: this.store,
      journal: (entry) => this.entries.push(entry),
      now: () => this.now,
      random: (bytes) => Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256)),
      port: this.cluster.port || 1,
      etcdPort: this.etcdPort,
      patience: this.patience,
      every: { founded: 3_600_000, unfounded: 3_600_000 },
    });
    await this.service.look(); // the first look is its own; none is under way any more
  }

  /** Puts add-ons into the bsroot: name -> YAML, with the workloads they wait for and what of them is secret. */
  addOns(
    texts: Readonly<Record<string, string>>,
    workloads: Readonly<Record<string, AppliedAddOn["workloads"]>> = {},
    secrets: Readonly<Record<string, string>> = {},
  ): void {
    const file = (folder: string, path: string, text: string) => {
      this.files.set(`${folder}/${path}`, text);
      return { path, sha256: createHash("sha256").update(text).digest("hex") };
    };
    const index: AddOnIndex = {
      version: 1,
      addons: Object.entries(texts).map(([name, text]) => {
        const secret = secrets[name];
        const hidden = secret === undefined ? [] : [{ ...file(layout.tls.addons, `${name}-secrets.yaml`, secret), secret: true as const }];
        return { name, files: [...hidden, file(layout.addons, `${name}.yaml`, text)], workloads: workloads[name] ?? [] };
      }),
    };
    this.files.set(`${layout.addons}/index.json`, JSON.stringify(index));
  }

  /** Looks after the cluster, some seconds later. */
  async look(times = 1): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      this.now += 10_000;
      await this.service.look();
    }
  }

  /** "11 info: ..." */
  journaled(): string[] {
    return this.entries.map(({ mac: who, level, text }) => [who?.slice(-2), `${level}:`, text].filter(Boolean).join(" "));
  }

  async close(): Promise<void> {
    await this.service.close();
    await this.cluster.close();
  }
}

/** A rig for each test, its cluster not yet serving; `laid` is handed each. */
export function beforeEachRig(laid: (rig: Rig, pki: ClusterPki) => unknown): void {
  let pki: ClusterPki;
  let rig: Rig;
  beforeAll(() => {
    pki = clusterPki();
  });
  beforeEach(async () => {
    rig = new Rig(pki);
    await laid(rig, pki);
  });
  afterEach(() => rig.close());
}
