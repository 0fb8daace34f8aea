/** A real containerd, told what a node is told: whom it asks for images, in which order, and whom it believes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ImagePullSecret, Kubernetes, Machine } from "../../../cluster/cluster.ts";
import { base } from "../../../templates/roles/base/base.ts";
import { clusterPki } from "../../support/cluster-pki.ts";
import { makeImage, type Origin, run, startOrigin } from "../../support/container-image.ts";
import { until } from "../../support/until.ts";
import { cluster, machine, server } from "../sample.ts";

const folder = mkdtempSync(join(tmpdir(), "sextant-containerd-"));
const socket = join(folder, "socket");
const [bootstrapper, company] = [clusterPki("IP:127.0.0.1"), clusterPki("IP:127.0.0.1")];

/** The bootstrapper's registry, which has no image at all. */
const asked: string[] = [];
const ours = createServer({ cert: bootstrapper.server.cert, key: bootstrapper.server.key }, ({ url }, response) => {
  asked.push(url ?? "");
  response.writeHead(404).end();
});
let theirs: Origin;
let containerd: ReturnType<typeof spawn>;

beforeAll(async () => {
  await once(ours.listen(0, "127.0.0.1"), "listening");
  theirs = await startOrigin(join(folder, "origin"), { tls: company.server });
  makeImage(join(folder, "greeting"), "greeting", ["amd64"]);
  await theirs.push(join(folder, "greeting"), "shop/greeting:1");
  writeFileSync(join(folder, "config.toml"), 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
  const places = ["--root", join(folder, "root"), "--state", join(folder, "state"), "--address", socket];
  containerd = spawn("containerd", ["--config", join(folder, "config.toml"), ...places], { stdio: "ignore" });
  await until("containerd to answer", () => ctr("version"), { seconds: 30, every: 0.1 });
});
afterAll(async () => {
  await theirs?.close();
  ours.close();
  if (containerd?.kill()) await once(containerd, "exit");
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked.length = 0;
});

const ctr = async (...args: string[]): Promise<string> => (await run("ctr", ["--address", socket, ...args])).stdout;
const pull = (image: string): Promise<string> => ctr("content", "fetch", "--hosts-dir", join(folder, "etc/containerd/certs.d"), image);

/** What a node gets as text, by path. */
function filesOf(kubernetes: Partial<Kubernetes>, given: Partial<Machine> = {}): ReadonlyMap<string, string> {
  const one = machine(given);
  const plain = cluster([one]);
  const rack = { ...plain, kubernetes: { ...plain.kubernetes, ...kubernetes } };
  const { files = [] } = base({ cluster: rack, machine: one, os: one.os, server: { ...server, ca: bootstrapper.ca.cert } });
  return new Map(files.flatMap(({ path, content }) => ("text" in content ? [[path, content.text] as const] : [])));
}

const GPU = { drivers: "570-open", runtime: "1.17.9" };

test.each([
  { of: "a node without Kubernetes", kubernetes: {}, has: ["runc"] },
  { of: "a node of Kubernetes", kubernetes: { version: "1.36.2" }, has: ["runc"], pause: "registry.k8s.io/pause:3.10.2" },
  { of: "a node with a GPU", kubernetes: { version: "1.36.2" }, gpu: GPU, has: ["nvidia", "runc"], pause: "registry.k8s.io/pause:3.10.2" },
])("the configuration of $of is read as it is meant", async ({ kubernetes, gpu, has, pause }) => {
  const text = filesOf(kubernetes, gpu && { gpu }).get("/etc/containerd/config.toml")!;
  writeFileSync(join(folder, "of-a-node.toml"), text);
  const read = (await run("containerd", ["--config", join(folder, "of-a-node.toml"), "config", "dump"])).stdout;
  expect(read).toMatch(/^oom_score = -999$/m);
  expect(read).toMatch(/^ +config_path = "\/etc\/containerd\/certs\.d"$/m);
  expect(read.match(/^ +SystemdCgroup = true$/gm)).toHaveLength(has.length);
  expect(
    [...read.matchAll(/^ +\[plugins\."io\.containerd\.grpc\.v1\.cri"\.containerd\.runtimes\.(\w+)\]$/gm)].map(([, name]) => name),
  ).toEqual(has);
  if (pause) expect(read).toContain(`sandbox_image = "${pause}"`);
});

/** Writes what a node gets below /etc/containerd, as if this were the node and the bootstrapper here. */
function install(secret: Omit<ImagePullSecret, "name" | "namespaces">): void {
  rmSync(join(folder, "etc"), { recursive: true, force: true });
  const here = (text: string) =>
    text
      .replaceAll("https://10.0.0.1:5000/", `https://127.0.0.1:${(ours.address() as AddressInfo).port}/`)
      .replaceAll('"/etc/', `"${join(folder, "etc")}/`);
  for (const [path, text] of filesOf({ imagePullSecrets: [{ name: "company", namespaces: ["default"], ...secret }] })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), here(text));
  }
}

test("a company's registry is asked after the bootstrapper's, and believed by the certificates of the description", async () => {
  install({ registry: theirs.host, ca: company.ca.cert });
  await pull(`${theirs.host}/shop/greeting:1`);
  expect(asked[0]).toMatch(new RegExp(`^/v2/${theirs.host.replace(":", "_")}/shop/greeting/manifests/1(\\?|$)`));
  expect(await ctr("content", "ls", "-q")).toMatch(/^(sha256:[0-9a-f]{64}\n){4}$/);
});

test("without them it is not believed", async () => {
  install({ registry: theirs.host });
  await expect(pull(`${theirs.host}/shop/greeting:1`)).rejects.toThrow(/certificate signed by unknown authority/);
});

test("what the bootstrapper does not have is asked of nobody else", async () => {
  install({ registry: theirs.host, ca: company.ca.cert });
  await expect(pull("docker.io/library/busybox:1")).rejects.toThrow(/not found/);
  expect(asked.length).toBeGreaterThan(0);
  for (const url of asked) expect(url).toContain("/v2/docker.io/library/busybox/");
});
