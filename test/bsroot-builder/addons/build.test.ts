/** A build from a mirror ends with everything that the cluster's add-ons need, and a bsroot without it is not closed. */
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { create } from "tar";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { closedWorld } from "../../../bsroot-builder/commands/closed-world.ts";
import { dryRun } from "../../../bsroot-builder/commands/dry-run.ts";
import { Failure } from "../../../bsroot-builder/commands/failure.ts";
import { verify } from "../../../bsroot-builder/commands/verify.ts";
import { type KubeadmTags, kubeadmImages } from "../../../cluster/kubernetes/images.ts";
import { type KubeObject, readManifest } from "../../../cluster/kubernetes/manifest.ts";
import type { AddOnIndex, Manifest } from "../../../cluster/layout.ts";
import { loaderArtifacts, osTarget } from "../../../templates/registry.ts";
import { type Origin, startOrigin } from "../../support/container-image.ts";
import { hashOf, mirrorsOf, placeSystem, publishKubernetes, pushImages } from "../../support/kubernetes-shop.ts";
import { description, openWorkshop, type Workshop } from "../../support/workshop.ts";

const RELEASE = "1.36.2";
const TAGS: KubeadmTags = { coredns: "v1.14.2", etcd: "3.6.8-0", pause: "3.10.2" };
const ADD_ONS = [
  "ghcr.io/flannel-io/flannel:v0.28.9",
  "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
  "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
  "registry.k8s.io/external-dns/external-dns:v0.21.0",
  "quay.io/calico/node:v3.32.2",
  "quay.io/calico/cni:v3.32.2",
  "docker.io/library/web:1.2",
];
const registry = { osTarget, loaderArtifacts };
const PATH = process.env["PATH"];

let shop: Workshop;
let origin: Origin;
let os: string;

beforeAll(async () => {
  shop = await openWorkshop();
  os = await placeSystem(shop);
  origin = await startOrigin(shop.path("origin"));
  await pushImages(shop, origin, [...kubeadmImages(RELEASE, TAGS), ...ADD_ONS]);
  await publishKubernetes(shop, RELEASE, TAGS);
  await mkdir(shop.path("programs"));
  await copyFile("test/bsroot-builder/addons/stand-in-helm.sh", shop.path("programs/helm"));
  process.env["PATH"] = `${shop.path("programs")}:${PATH}`;
  await shop.put("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
  await create({ gzip: true, file: shop.path("web-1.0.0.tgz"), cwd: shop.folder, portable: true }, ["web"]);
  shop.mirror.put("/tools/web-1.0.0.tgz", await readFile(shop.path("web-1.0.0.tgz")));
});
afterAll(async () => {
  process.env["PATH"] = PATH;
  await origin.close();
  await shop.close();
});

const KEYS = "{ keys: [{ name: cluster, may: [update, transfer] }] }";
const CHART = `{ name: web, namespace: shop, url: "https://tools.example.com/web-1.0.0.tgz", values: "image: web:1.2" }`;

async function write(kubernetes: string): Promise<void> {
  const text = description({ os, mirrors: mirrorsOf(shop, origin), dns: KEYS });
  await shop.put("cluster-desc.yml", `${text}kubernetes: { version: ${RELEASE}, clusterDns: none, ${kubernetes} }\n`);
}

const index = async (): Promise<AddOnIndex> => JSON.parse(await shop.read("bsroot/html/static/addons/index.json")) as AddOnIndex;
const objectsIn = async (path: string): Promise<readonly KubeObject[]> => readManifest(await shop.read(`bsroot/${path}`));

async function problems(): Promise<string> {
  const outcome: unknown = await closedWorld(shop.path("bsroot")).catch((error) => error);
  if (outcome instanceof Failure) return outcome.problems.join("\n");
  throw outcome instanceof Error ? outcome : new Error("it is closed");
}

describe("a build with add-ons", () => {
  test("has their manifests, their images and an index, and is closed", async () => {
    await write("podNetwork: flannel, addons: { metrics-server: {} }");
    await shop.build(registry);
    expect((await index()).addons.map(({ name, files, workloads }) => [name, files.map(({ path }) => path), workloads.length])).toEqual([
      ["flannel", ["flannel/definitions.yaml", "flannel/objects.yaml"], 1],
      ["metrics-server", ["metrics-server/secrets.yaml", "metrics-server/objects.yaml"], 1],
    ]);
    const { images } = await shop.lock();
    expect(Object.keys(images)).toEqual(expect.arrayContaining(ADD_ONS.slice(0, 3)));
    await verify(shop.path("bsroot"));
    expect(await closedWorld(shop.path("bsroot"))).toMatchObject({ images: 9 });
  });

  test("takes the projects' own manifests from where the description says, pins them, and keeps them as they came", async () => {
    const upstream = await readFile("test/fixtures/addons/calico/calico-vxlan.yaml", "utf8");
    shop.mirror.put("/raw/projectcalico/calico/v3.32.2/manifests/calico-vxlan.yaml", upstream);
    await write("podNetwork: calico");
    await shop.build(registry);
    const kept = "html/static/addons/calico/upstream/calico-vxlan.yaml";
    expect(await shop.read(`bsroot/${kept}`)).toBe(upstream);
    expect((await shop.lock()).artifacts[kept]).toMatchObject({ verified: "first-use" });
    const objects = await objectsIn("html/static/addons/calico/objects.yaml");
    expect(JSON.stringify(objects.find(({ kind }) => kind === "DaemonSet"))).toContain('"CALICO_IPV4POOL_CIDR","value":"10.244.0.0/16"');
    expect(await closedWorld(shop.path("bsroot"))).toMatchObject({ images: 8 });
    shop.mirror.put("/raw/projectcalico/calico/v3.32.2/manifests/calico-vxlan.yaml", `${upstream}# changed\n`);
    await rm(shop.path("bsroot", kept));
    expect(await shop.failures(registry)).toEqual([expect.stringContaining(kept)]);
  });

  test("writes a Secret with our DNS key where nobody is served it, and none anywhere else", async () => {
    await write("podNetwork: none, addons: { external-dns: {} }");
    await shop.build(registry);
    const secret = /secret "(.+)"/.exec(await shop.read("bsroot/tls/dns/cluster.key"))![1];
    const path = "tls/addons/external-dns/secrets.yaml";
    expect(await objectsIn(path)).toMatchObject([{ kind: "Secret", stringData: { secret } }]);
    expect((await stat(shop.path("bsroot", path))).mode & 0o777).toBe(0o600);
    expect((await shop.manifest()).files.find((one) => one.path === path)).toMatchObject({ secret: true });
    expect((await index()).addons[0]!.files.map(({ path, secret = false }) => [path, secret])).toEqual([
      ["external-dns/definitions.yaml", false],
      ["external-dns/secrets.yaml", true],
      ["external-dns/objects.yaml", false],
    ]);
    expect(await shop.read("bsroot/html/static/addons/external-dns/objects.yaml")).not.toContain(secret);
    await verify(shop.path("bsroot"));
    await closedWorld(shop.path("bsroot"));
  });

  test("removes what an add-on that is gone has left, its secrets too", async () => {
    await write("podNetwork: none, addons: { external-dns: {} }");
    await shop.build(registry);
    await write("podNetwork: none");
    await shop.build(registry);
    const { files } = await shop.manifest();
    expect(files.filter(({ path }) => path.includes("addons"))).toEqual([]);
    expect(await stat(shop.path("bsroot/tls/addons/external-dns")).catch(() => "gone")).toBe("gone");
    expect(await stat(shop.path("bsroot/html/static/addons")).catch(() => "gone")).toBe("gone");
  });
});

describe("a registry that wants a password from pods", () => {
  const PASSWORD = "hunter2-of-the-company";
  const SECRETS = "tls/addons/image-pull-secrets/secrets.yaml";
  const list = 'podNetwork: none, imagePullSecrets: [{ name: company, registry: "registry.corp.lan:5000", namespaces: [default, shop] }]';
  beforeEach(async () => {
    await rm(shop.path("bsroot/tls/addons"), { recursive: true, force: true });
    await rm(shop.path("docker"), { recursive: true, force: true });
    vi.stubEnv("DOCKER_CONFIG", shop.path("docker"));
    await write(list);
    return () => vi.unstubAllEnvs();
  });
  const login = (password: string) =>
    shop.put("docker/config.json", JSON.stringify({ auths: { "registry.corp.lan:5000": { auth: base64(`me:${password}`) } } }));
  const base64 = (text: string): string => Buffer.from(text).toString("base64");

  test("is a Secret in each namespace, below tls/ and nowhere else in bsroot, lock or words", async () => {
    await login(PASSWORD);
    await shop.build(registry);
    const secrets = await objectsIn(SECRETS);
    expect(secrets.map(({ type, metadata: { namespace, name } }) => [type, namespace, name])).toEqual([
      ["kubernetes.io/dockerconfigjson", "default", "company"],
      ["kubernetes.io/dockerconfigjson", "shop", "company"],
    ]);
    expect(await objectsIn("html/static/addons/image-pull-secrets/objects.yaml")).toMatchObject([
      { kind: "ServiceAccount", metadata: { name: "default", namespace: "default" }, imagePullSecrets: [{ name: "company" }] },
      { kind: "ServiceAccount", metadata: { name: "default", namespace: "shop" }, imagePullSecrets: [{ name: "company" }] },
    ]);
    for (const path of [SECRETS, "tls/addons/image-pull-secrets/salt"]) {
      expect((await stat(shop.path("bsroot", path))).mode & 0o777).toBe(0o600);
      expect((await shop.manifest()).files.find((one) => one.path === path)).toMatchObject({ secret: true });
    }
    const config = (secrets[0]!["data"] as Record<string, string>)[".dockerconfigjson"]!;
    expect(Buffer.from(config, "base64").toString()).toContain(base64(`me:${PASSWORD}`));
    const files = (await readdir(shop.path("bsroot"), { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    const holding: string[] = [];
    for (const { parentPath, name } of files) {
      const bytes = await readFile(`${parentPath}/${name}`);
      if ([PASSWORD, base64(`me:${PASSWORD}`), config].some((text) => bytes.includes(text))) holding.push(name);
    }
    expect(holding).toEqual(["secrets.yaml"]);
    expect(JSON.stringify([await shop.lock(), shop.said])).not.toMatch(new RegExp(`${PASSWORD}|${config}`));
    await verify(shop.path("bsroot"));
    await closedWorld(shop.path("bsroot"));
  });

  test("stops a build and a dry run before anything is fetched when nobody has logged in", async () => {
    const says =
      /^kubernetes\.imagePullSecrets\[0\]\.registry: registry\.corp\.lan:5000 wants .*docker login registry\.corp\.lan:5000, and build again$/;
    expect(await shop.failures(registry)).toEqual([expect.stringMatching(says)]);
    const screen = { write: () => {}, isTTY: false, columns: 80 };
    const options = { out: shop.path("bsroot"), jobs: 1, update: false };
    const looked: unknown = await dryRun(shop.path("cluster-desc.yml"), options, registry, { out: () => {}, screen }).catch(
      (error) => error,
    );
    expect(looked).toMatchObject({ problems: [expect.stringMatching(says)] });
  });

  test("gets what an earlier build had where there is no login, also without network, and another password when there is one", async () => {
    await login(PASSWORD);
    await shop.build(registry);
    const [first, before] = [await shop.read(`bsroot/${SECRETS}`), await index()];
    await rm(shop.path("docker"), { recursive: true });
    const { warnings } = await shop.build(registry, { offline: true, locked: true });
    expect(warnings).toContainEqual(expect.stringContaining("registry.corp.lan:5000 wants a name and a password"));
    expect([await shop.read(`bsroot/${SECRETS}`), await index()]).toEqual([first, before]);
    await login("another");
    await shop.build(registry);
    expect(await shop.read(`bsroot/${SECRETS}`)).not.toBe(first);
    expect((await index()).addons[0]!.files.filter(({ secret }) => secret)).not.toEqual(
      before.addons[0]!.files.filter(({ secret }) => secret),
    );
  });
});

describe("an image of a registry that nodes do not know by name", () => {
  const elsewhere = (name: string) => CHART.replace("web:1.2", `${name}/web:1.2`);
  const link = "registry/docker/registry/v2/repositories/library/web/_manifests/tags/1.2/current/link";

  test("is there without its origin too, as nodes will ask for it", async () => {
    await write(`podNetwork: none, charts: [${elsewhere("registry.example.com/library")}]`);
    await shop.build(registry);
    expect(await shop.read(`bsroot/${link}`)).toBe((await shop.lock()).images["registry.example.com/library/web:1.2"]);
    await closedWorld(shop.path("bsroot"));
    const file = shop.path("bsroot/manifest.json");
    const manifest = JSON.parse(await readFile(file, "utf8")) as Manifest;
    await writeFile(file, JSON.stringify({ ...manifest, files: manifest.files.filter(({ path }) => path !== link) }));
    expect(await problems()).toBe(`image registry.example.com/library/web:1.2: nodes do not know its registry, and ${link} is missing`);
  });

  test("is not there so when nodes know its registry", async () => {
    await write(`podNetwork: none, charts: [${CHART}]`);
    await shop.build(registry);
    expect((await shop.manifest()).files.some(({ path }) => path === link)).toBe(false);
  });
});

describe("a bsroot with add-ons is not closed", () => {
  /** As if it had never been listed. */
  async function without(gone: RegExp): Promise<void> {
    const file = shop.path("bsroot/manifest.json");
    const manifest = JSON.parse(await readFile(file, "utf8")) as Manifest;
    for (const { path } of manifest.files) if (gone.test(path)) await rm(shop.path("bsroot", path));
    await writeFile(file, JSON.stringify({ ...manifest, files: manifest.files.filter(({ path }) => !gone.test(path)) }));
  }

  test.each([
    {
      what: "an image",
      gone: /repositories\/.*\/metrics-server\//,
      says: /^image registry\.k8s\.io\/metrics-server\/metrics-server:v0\.9\.0: is not in the bsroot$/m,
    },
    {
      what: "a manifest",
      gone: /flannel\/objects\.yaml$/,
      says: /^add-on flannel: html\/static\/addons\/flannel\/objects\.yaml is missing$/m,
    },
    {
      what: "the index",
      gone: /addons\/index\.json$/,
      says: /^html\/static\/addons\/index\.json: is missing, and the description asks for add-ons$/m,
    },
  ])("without $what", async ({ gone, says }) => {
    await write("podNetwork: flannel, addons: { metrics-server: {} }");
    await shop.build(registry);
    await without(gone);
    expect(await problems()).toMatch(says);
  });

  test.each([
    {
      what: "an image that is not inside",
      change: "v0.28.9",
      into: "v0.1.0",
      says: /^image ghcr\.io\/flannel-io\/flannel:v0\.1\.0: is not in the bsroot$/m,
    },
    {
      what: "an address outside",
      change: "--ip-masq",
      into: "--check=https://flannel.example.com/version",
      says: /^add-on flannel: https:\/\/flannel\.example\.com\/version leads out of the closed network/m,
    },
  ])("when a manifest names $what", async ({ change, into, says }) => {
    await write("podNetwork: flannel");
    await shop.build(registry);
    const path = "bsroot/html/static/addons/flannel/objects.yaml";
    await shop.put(path, (await shop.read(path)).replaceAll(change, into));
    expect(await problems()).toMatch(/is not what html\/static\/addons\/index\.json says/);
    await shop.put("bsroot/html/static/addons/index.json", JSON.stringify(await rehashed(path)));
    expect(await problems()).toMatch(says);
  });

  async function rehashed(path: string): Promise<AddOnIndex> {
    const { addons, version } = await index();
    const sha256 = hashOf(await shop.read(path));
    return {
      version,
      addons: addons.map((one) => ({ ...one, files: one.files.map((file) => (path.endsWith(file.path) ? { ...file, sha256 } : file)) })),
    };
  }
});

describe("a chart", () => {
  test("is rendered for this release and namespace, without what belongs to other times, and its Secrets are not served", async () => {
    await write(`podNetwork: none, charts: [${CHART}]`);
    await shop.build(registry);
    const objects = await objectsIn("html/static/addons/web/objects.yaml");
    expect(objects.map(({ kind, metadata }) => [kind, metadata.namespace, metadata["labels"]])).toEqual([
      ["Deployment", "shop", { for: `${RELEASE} in shop` }],
    ]);
    expect(await objectsIn("html/static/addons/web/definitions.yaml")).toMatchObject([{ kind: "Namespace", metadata: { name: "shop" } }]);
    expect(await objectsIn("tls/addons/web/secrets.yaml")).toMatchObject([{ kind: "Secret", metadata: { namespace: "shop" } }]);
    expect((await index()).addons).toMatchObject([
      { name: "web", images: ["docker.io/library/web:1.2"], workloads: [{ kind: "Deployment", namespace: "shop", name: "web" }] },
    ]);
    expect(await closedWorld(shop.path("bsroot"))).toMatchObject({ images: 7 });
  });

  test("that helm refuses is an error in helm's words", async () => {
    await write(`podNetwork: none, charts: [${CHART.replace("image: web:1.2", "")}]`);
    const outcome: unknown = await shop.build(registry).catch((error) => error);
    expect(String(outcome)).toMatch(
      /chart web: html\/static\/addons\/web\/upstream\/web-1\.0\.0\.tgz helm cannot render it: .*image is required/,
    );
  });

  test("without helm says where to get it", async () => {
    await write(`podNetwork: none, charts: [${CHART}]`);
    process.env["PATH"] = shop.path("nothing");
    const outcome: unknown = await shop.build(registry).catch((error) => error);
    process.env["PATH"] = `${shop.path("programs")}:${PATH}`;
    expect(String(outcome)).toMatch(/chart web: .*needs the program helm.*https:\/\/get\.helm\.sh/);
  });
});
