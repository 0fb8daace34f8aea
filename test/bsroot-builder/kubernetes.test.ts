/** Kubernetes and further files, from a mirror that has them as their projects publish them, into a bsroot that is closed. */
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { closedWorld } from "../../bsroot-builder/commands/closed-world.ts";
import { Failure } from "../../bsroot-builder/commands/failure.ts";
import { outdated } from "../../bsroot-builder/commands/outdated.ts";
import { type KubeadmTags, kubeadmImages } from "../../cluster/kubernetes/images.ts";
import type { Manifest } from "../../cluster/layout.ts";
import { loaderArtifacts, osTarget } from "../../templates/registry.ts";
import { type Origin, startOrigin } from "../support/container-image.ts";
import { hashOf, layoutOf, mirrorsOf, placeSystem, publishKubernetes, pushImages } from "../support/kubernetes-shop.ts";
import { description, openWorkshop, type Workshop } from "../support/workshop.ts";

const RELEASE = "1.36.9";
const TAGS: KubeadmTags = { coredns: "v1.14.3", etcd: "3.6.10-0", pause: "3.10.2" };
const HERE = `html/static/kubernetes/${RELEASE}/amd64`;
const registry = { osTarget, loaderArtifacts };

let shop: Workshop;
let origin: Origin;
let os: string;

beforeAll(async () => {
  shop = await openWorkshop();
  os = await placeSystem(shop);
  origin = await startOrigin(shop.path("origin"));
  await pushImages(shop, origin, kubeadmImages(RELEASE, TAGS));
  await publish();
}, 60_000);
afterAll(async () => {
  await origin.close();
  await shop.close();
});

const publish = (): Promise<void> => publishKubernetes(shop, RELEASE, TAGS);

const write = (more: string): Promise<void> => shop.put("cluster-desc.yml", description({ os, mirrors: mirrorsOf(shop, origin) }) + more);
beforeEach(() => write("kubernetes: { podNetwork: none, version: 1.36 }\n"));

describe("a build with Kubernetes", () => {
  test("carries along what a node takes, under the release that was looked up and pinned", async () => {
    const { fetched } = await shop.build(registry);
    const parts = ["cni-plugins.tgz", "containerd.tar.gz", "crictl", "kubeadm", "kubectl", "kubelet", "runc"];
    expect(fetched).toEqual(expect.arrayContaining(parts.map((name) => `${HERE}/${name}`)));
    expect(await shop.read(`bsroot/${HERE}/crictl`)).toBe("the crictl");
    const { versions, artifacts } = await shop.lock();
    expect(versions).toEqual({ "kubernetes/1.36": RELEASE, [`kubeadm/${RELEASE}`]: "coredns v1.14.3 etcd 3.6.10-0 pause 3.10.2" });
    expect(artifacts[`${HERE}/kubelet`]).toMatchObject({
      sha256: hashOf("the kubelet"),
      verified: `sums https://dl.k8s.io/release/v${RELEASE}/bin/linux/amd64/kubelet.sha256`,
    });
  });

  test("carries along the images that kubeadm needs, though nobody listed one", async () => {
    await shop.build(registry);
    expect(Object.keys((await shop.lock()).images)).toEqual([...kubeadmImages(RELEASE, TAGS)].sort());
  });

  test.each([
    {
      what: "which release is the newest",
      gone: "/k8s/release/stable-1.36.txt",
      says: /^kubernetes\/1\.36: .*404.*; or write the whole release/,
    },
    {
      what: "what kubeadm of it needs",
      gone: `/raw/kubernetes/kubernetes/v${RELEASE}/cmd/kubeadm/app/constants/constants.go`,
      says: /^kubeadm\/1\.36\.9: .*404.*; or write coredns:, etcd: and pause: below kubernetes\.components:/,
    },
  ])("that cannot find out $what says what to write instead", async ({ gone, says }) => {
    shop.mirror.remove(gone);
    const failures = await shop.failures(registry, { update: true });
    await publish();
    expect(failures).toEqual([expect.stringMatching(says)]);
  });

  test("is told what is newer, of the release and of images that follow from it", async () => {
    await shop.build(registry);
    expect(await outdated(shop.path("cluster-desc.yml"), registry)).toEqual({ newer: [], asked: 9, failures: [] });
    shop.mirror.put("/k8s/release/stable-1.36.txt", "v1.36.10\n");
    const { newer } = await outdated(shop.path("cluster-desc.yml"), registry);
    expect(newer).toEqual([{ name: "kubernetes/1.36", pinned: RELEASE, now: "1.36.10" }]);
    await publish();
  });

  test("asks nobody the second time, and builds with --locked", async () => {
    await shop.build(registry);
    shop.mirror.requests.length = 0;
    const { fetched, removed } = await shop.build(registry, { locked: true });
    expect([fetched, removed, shop.mirror.requests]).toEqual([[], [], []]);
  });

  test("with --locked refuses a release that is not pinned", async () => {
    await shop.build(registry);
    await write("kubernetes: { podNetwork: none, version: 1.36, offered: [1.37] }\n");
    expect(await shop.failures(registry, { locked: true })).toEqual([
      expect.stringMatching(/^kubernetes\/1\.37: sextant\.lock does not pin what it is/),
    ]);
  });

  test("fetches once what two releases share", async () => {
    await write(
      `kubernetes: { podNetwork: none, version: 1.36, offered: [1.36.8], components: { coredns: v1.14.3, etcd: 3.6.10-0, pause: 3.10.2 } }\n`,
    );
    for (const name of ["kubeadm", "kubelet", "kubectl"]) {
      shop.mirror.put(`/k8s/release/v1.36.8/bin/linux/amd64/${name}`, `the older ${name}`);
      shop.mirror.put(`/k8s/release/v1.36.8/bin/linux/amd64/${name}.sha256`, hashOf(`the older ${name}`));
    }
    for (const name of ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"])
      await origin.push(layoutOf(shop, `${name}:v${RELEASE}`), `${name}:v1.36.8`);
    await rm(shop.path("bsroot/html/static/kubernetes"), { recursive: true, force: true });
    await rm(shop.path("sextant.lock"));
    shop.mirror.requests.length = 0;
    await shop.build(registry);
    expect(shop.mirror.requests.filter(({ path }) => path.endsWith("containerd-2.3.4-linux-amd64.tar.gz"))).toHaveLength(1);
    expect(await shop.read("bsroot/html/static/kubernetes/1.36.8/amd64/containerd.tar.gz")).toBe("the containerd");
    expect(await shop.read("bsroot/html/static/kubernetes/1.36.8/amd64/kubelet")).toBe("the older kubelet");
  });

  test("refuses bytes that the project did not publish, and names them", async () => {
    await shop.build(registry);
    await rm(shop.path("sextant.lock"));
    await rm(shop.path(`bsroot/${HERE}/runc`));
    shop.mirror.put("/github/opencontainers/runc/releases/download/v1.4.3/runc.amd64", "another runc");
    expect((await shop.failures(registry)).join("\n")).toMatch(/amd64\/runc: .*hashes to \w+, but http\S+runc\.sha256sum says/);
    await publish();
  });

  test("refuses what the newest release turned out not to go with, before anything of it is fetched", async () => {
    shop.mirror.put("/k8s/release/stable.txt", `v${RELEASE}\n`);
    await write("kubernetes: { podNetwork: none, version: current, components: { containerd: 1.7.28 } }\n");
    shop.mirror.requests.length = 0;
    expect(await shop.failures(registry)).toEqual([
      expect.stringMatching(/^kubernetes\.components\.containerd: containerd 1\.7\.28 does not work with Kubernetes 1\.36\.9/),
    ]);
    expect(shop.mirror.requests.map(({ path }) => path).filter((path) => path.includes("/download/"))).toEqual([]);
  });
});

describe("the closed world", () => {
  const problems = async (): Promise<string> => {
    const outcome: unknown = await closedWorld(shop.path("bsroot")).catch((error) => error);
    if (outcome instanceof Failure) return outcome.problems.join("\n");
    throw outcome instanceof Error ? outcome : new Error("it is closed");
  };

  test("holds Kubernetes and its images", async () => {
    await shop.build(registry);
    expect(await closedWorld(shop.path("bsroot"))).toMatchObject({ images: 7 });
  });

  test.each([
    { what: "a program of a release", gone: /kubernetes\/.*\/kubelet$/, says: /kubernetes\/1\.36\.9\/amd64\/kubelet: is missing/ },
    {
      what: "an image that kubeadm needs",
      gone: /repositories\/.*\/pause\//,
      says: /^image registry\.k8s\.io\/pause:3\.10\.2: is not in the bsroot/m,
    },
  ])("is not closed without $what", async ({ gone, says }) => {
    await shop.build(registry);
    const file = shop.path("bsroot/manifest.json");
    const manifest = JSON.parse(await readFile(file, "utf8")) as Manifest;
    for (const { path } of manifest.files.filter(({ path }) => gone.test(path))) await rm(shop.path("bsroot", path));
    await writeFile(file, JSON.stringify({ ...manifest, files: manifest.files.filter(({ path }) => !gone.test(path)) }));
    expect(await problems()).toMatch(says);
  });
});

describe("further files", () => {
  const extra = (fields: string) => write(`extras: [{ url: "https://tools.example.com/probe", ${fields} }]\n`);
  const sha256 = hashOf("the probe");
  beforeEach(() => shop.mirror.put("/tools/probe", "the probe"));

  test("stand where the description says, checked", async () => {
    await extra(`sha256: ${sha256}, path: bin/probe`);
    await shop.build(registry);
    expect(await shop.read("bsroot/html/static/extras/bin/probe")).toBe("the probe");
  });

  test("may be one file out of an archive", async () => {
    const archive = await readFile(shop.path("crictl.tar.gz"));
    shop.mirror.put("/tools/probe", archive);
    await extra(`sha256: ${hashOf(archive)}, path: bin/probe, member: crictl`);
    await shop.build(registry);
    expect(await shop.read("bsroot/html/static/extras/bin/probe")).toBe("the crictl");
  });

  test("are left out when no machine has their processor", async () => {
    await extra(`sha256: ${sha256}, path: arm/probe, arch: arm64`);
    await shop.build(registry);
    expect(existsSync(shop.path("bsroot/html/static/extras/arm"))).toBe(false);
  });

  test("with other bytes are refused", async () => {
    await extra(`sha256: ${hashOf("meant")}, path: probe`);
    expect((await shop.failures(registry)).join("\n")).toMatch(/extras\/probe: .*the description says/);
  });

  test.each([
    { path: "../../tls/ca.pem", says: /is not a plain path/ },
    { path: "/etc/passwd", says: /is not a plain path/ },
    { path: "a//b", says: /is not a plain path/ },
    { path: "a.part", says: /is not a plain path/ },
  ])("cannot be put at $path", async ({ path, says }) => {
    await extra(`sha256: ${sha256}, path: "${path}"`);
    expect((await shop.failures(registry)).join("\n")).toMatch(says);
  });

  test("each have a place of their own", async () => {
    const file = (path: string) => `{ url: "https://tools.example.com/probe", sha256: ${sha256}, path: ${path} }`;
    await write(`extras: [${file("a")}, ${file("a/b")}, ${file("a")}]\n`);
    const failures = (await shop.failures(registry)).join("\n");
    expect(failures).toMatch(/extras\[1\]\.path: "a\/b" is below the file extras\[0\]\.path/);
    expect(failures).toMatch(/extras\[2\]\.path: "a" is also extras\[0\]\.path/);
  });
});
