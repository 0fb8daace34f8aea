/**
 * Our configuration and our authorities before a real kubeadm: KUBERNETES names a folder laid out as vm-cluster/kubernetes/README.md has it, and `make test`
 * comes here where there is one. It works in a mount namespace of its own, on a copy of /etc.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { makeTls } from "../../bsroot-builder/pki/make.ts";
import { planTls } from "../../bsroot-builder/pki/plan.ts";
import { ipv4 } from "../../cluster/address.ts";
import type { Kubernetes } from "../../cluster/cluster.ts";
import { knownTags } from "../../cluster/kubernetes/images.ts";
import { releaseImages } from "../../cluster/kubernetes/releases.ts";
import { flags, foundConfiguration, joinConfiguration } from "../../templates/kubernetes/kubeadm/configuration.ts";
import { PATCHES } from "../../templates/kubernetes/kubeadm/patches.ts";
import { nodePlan } from "../../templates/registry.ts";
import { type Rack, RELEASES, rack, seenBy } from "../templates/kubernetes/racks.ts";

const RELEASE = RELEASES.v1beta2;
const PACKED = join(process.env["KUBERNETES"] ?? "../shared/kubernetes", `release/v${RELEASE}/bin/linux/amd64/kubeadm.zst`);
const TAGS = knownTags(RELEASE)!;

const VIRTUAL = { address: ipv4("10.0.0.5"), routerId: 51, by: "keepalived" } as const;
const RACKS: Readonly<Record<string, Rack & { readonly kubernetes?: Partial<Kubernetes> }>> = {
  "one control plane": {},
  "three with elliptic curves": { planes: 3, kubernetes: { certificates: "ecdsa" } },
  "three behind an address": { planes: 3, kubernetes: { virtualAddress: VIRTUAL } },
  "three with an etcd of its own": { planes: 3, etcd: 3 },
};

/** What a static pod of kubeadm's runs. */
interface Container {
  readonly command: readonly string[];
  readonly livenessProbe: object;
  readonly resources: object;
}

let kept: string;
beforeAll(() => {
  kept = mkdtempSync(join(tmpdir(), "sextant-kubeadm-"));
  writeFileSync(join(kept, "kubeadm"), execFileSync("zstd", ["-dcq", PACKED], { maxBuffer: 2 ** 30 }));
  chmodSync(join(kept, "kubeadm"), 0o755);
});
afterAll(() => kept && rmSync(kept, { recursive: true, force: true }));

describe.each(Object.entries(RACKS))("kubeadm, of %s", (_, { kubernetes, ...of }) => {
  const cluster = rack(of, { version: RELEASE, tags: { [RELEASE]: TAGS }, ...kubernetes });
  const context = seenBy("cp-1", cluster);
  const etcdInside = (of.etcd ?? 0) === 0;
  let root: string;
  const at = (path: string): string => join(root, path);

  /** As the node fills it in. */
  const written = (name: string, text: string): string => {
    const token = "abcdef.0123456789abcdef";
    const words = { ADDRESS: "10.0.0.11", TOKEN: token, ENDPOINT: "10.0.0.12:6443", CA_HASH: `sha256:${"0".repeat(64)}` };
    const filled = Object.entries(words).reduce((all, [word, value]) => all.replaceAll(`@${word}@`, value), text);
    writeFileSync(at(name), filled);
    return at(name);
  };
  /** What it said on both; throws unless it ended well. */
  const kubeadm = (...words: readonly string[]): string => {
    const script = 'mount --bind "$1" /etc && shift && exec "$@"';
    const { status, stdout, stderr } = spawnSync(
      "unshare",
      ["--mount", "sh", "-c", script, "sh", at("etc"), join(kept, "kubeadm"), ...words],
      {
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(`kubeadm ${words.join(" ")}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const inEtc = (path: string): string => readFileSync(at(`etc/kubernetes/${path}`), "utf8");

  beforeAll(async () => {
    root = mkdtempSync(join(kept, "rack-"));
    cpSync("/etc", at("etc"), { recursive: true, verbatimSymlinks: true });
    const now = new Date();
    const plan = await planTls(root, cluster, now);
    expect(plan.problems).toEqual([]);
    await makeTls(root, cluster, plan, now);
    for (const { path, content } of nodePlan(context).files) {
      if (!path.startsWith("/etc/kubernetes/") || !("secret" in content) || !("tls" in content.secret)) continue;
      mkdirSync(dirname(at(path)), { recursive: true });
      cpSync(at(content.secret.tls), at(path));
    }
    written("found.yaml", foundConfiguration(context));
    for (const { path, content } of nodePlan(context).files.filter(({ path }) => path.startsWith(PATCHES))) {
      if (!("text" in content)) throw new Error(`${path} is no text`);
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), content.text);
    }
  });

  test("reads what it founds and joins with, every word of it", () => {
    for (const [name, text] of [
      ["found.yaml", foundConfiguration(context)],
      ["control-plane.yaml", joinConfiguration(seenBy(of.planes ? "cp-2" : "cp-1", cluster))],
      ["worker.yaml", joinConfiguration(seenBy("worker-1", cluster))],
    ] as const) {
      const said = kubeadm("config", "migrate", "--old-config", written(name, text), "--new-config", at("read.yaml"));
      expect(said).not.toMatch(/unknown field|strict|error/i);
    }
  });

  test("asks for the container images that a bsroot carries, and no others", () => {
    const asked = kubeadm("config", "images", "list", "--config", at("found.yaml")).trim().split("\n");
    expect(asked.sort()).toEqual([...releaseImages(cluster)].sort());
  });

  test("takes our authorities for those of the cluster, and signs with them", () => {
    const before = inEtc("pki/ca.key");
    const said = kubeadm("init", "phase", "certs", "all", "--config", at("found.yaml"));
    const existing = [...said.matchAll(/Using existing (\S+) certificate authority/g)].map(([, name]) => name);
    expect(existing).toEqual(etcdInside ? ["ca", "front-proxy-ca", "etcd/ca"] : ["ca", "front-proxy-ca"]);
    expect(said).toMatch(/existing "sa" key/);
    expect(inEtc("pki/ca.key")).toBe(before);
    const signed = [
      ["ca.crt", "apiserver.crt"],
      ["ca.crt", "apiserver-kubelet-client.crt"],
      ["front-proxy-ca.crt", "front-proxy-client.crt"],
      ["etcd/ca.crt", "apiserver-etcd-client.crt"],
      ...(etcdInside ? [["etcd/ca.crt", "etcd/server.crt"]] : []),
    ] as const;
    for (const [ca, leaf] of signed) {
      const pki = at("etc/kubernetes/pki");
      expect(execFileSync("openssl", ["verify", "-CAfile", join(pki, ca!), join(pki, leaf!)], { encoding: "utf8" })).toMatch(/: OK$/m);
    }
  });

  test("makes kubeconfigs and static pods of it, with what we tell each part", () => {
    const { patches } = flags(context);
    for (const phase of [["kubeconfig", "all"], ["control-plane", "all", patches], ...(etcdInside ? [["etcd", "local", patches]] : [])])
      kubeadm("init", "phase", ...phase, "--config", at("found.yaml"));
    const { server } = (
      parseYaml(inEtc("admin.conf")) as { readonly clusters: readonly [{ readonly cluster: { readonly server: string } }] }
    ).clusters[0].cluster;
    expect(server).toMatch(/^https:\/\/(10\.0\.0\.\d+|api\.cluster\.example):\d+$/);
    const started = (name: string): Container =>
      (parseYaml(inEtc(`manifests/${name}.yaml`)) as { readonly spec: { readonly containers: readonly [Container] } }).spec.containers[0];
    expect(started("kube-apiserver").command).toEqual(
      expect.arrayContaining([
        "--encryption-provider-config=/etc/kubernetes/sextant/encryption.yaml",
        "--audit-policy-file=/etc/kubernetes/sextant/audit-policy.yaml",
        etcdInside
          ? "--etcd-servers=https://127.0.0.1:2379"
          : "--etcd-servers=https://10.0.0.21:2379,https://10.0.0.22:2379,https://10.0.0.23:2379",
      ]),
    );
    expect(started("kube-controller-manager").command).toContain("--cluster-cidr=10.244.0.0/16");
    expect(started("kube-apiserver").livenessProbe).toMatchObject({
      failureThreshold: 24,
      httpGet: { host: "10.0.0.11", path: "/livez?exclude=etcd", port: 6443, scheme: "HTTPS" },
    });
    if (!etcdInside) return;
    expect(started("etcd").command).toContain("--initial-advertise-peer-urls=https://10.0.0.11:2380");
    expect(started("etcd").livenessProbe).toMatchObject({ failureThreshold: 24, httpGet: { path: "/health" } });
    expect(started("etcd").resources).toEqual({ requests: { cpu: "100m", memory: "100Mi" } });
  });
});
