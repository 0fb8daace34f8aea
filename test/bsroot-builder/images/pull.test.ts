/** Images from a real registry into a bsroot, and out of it again by the registry that the bootstrapper starts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type ImageRegistry, startRegistry } from "../../../bootstrapper/registry.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { makeImage, type Origin, run, startOrigin, tokenIssuer } from "../../support/container-image.ts";
import { freePort } from "../../support/free-port.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const NOTHING = registryOf(() => []);
const folder = mkdtempSync(join(tmpdir(), "sextant-images-"));
let origin: Origin;
let digest = "";
beforeAll(async () => {
  origin = await startOrigin(join(folder, "origin"));
  digest = makeImage(join(folder, "pause"), "pause");
  await origin.push(join(folder, "pause"), "pause:3.10");
  makeImage(join(folder, "arm"), "arm", ["arm64"]);
  await origin.push(join(folder, "arm"), "made/for-arm:1");
});
afterAll(async () => {
  await origin.close();
  rmSync(folder, { recursive: true });
});

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  return () => shop.close();
});
const wanting = (images: readonly string[], from: string = origin.url, name = "https://registry.k8s.io"): Promise<void> =>
  shop.put("cluster-desc.yml", description({ images, mirrors: { [name]: from } }));

async function serving(bsroot: string): Promise<{ readonly port: number; readonly registry: ImageRegistry }> {
  const port = await freePort();
  const state = mkdtempSync(join(tmpdir(), "sextant-registry-"));
  const registry = await startRegistry({
    address: ipv4("127.0.0.1"),
    port,
    bsroot,
    folder: state,
    journal: () => {},
    path: process.env["PATH"]!,
    soonest: 50,
  });
  onTestFinished(async () => {
    await registry.close();
    rmSync(state, { recursive: true });
  });
  await expect
    .poll(
      () =>
        run("skopeo", ["inspect", "--raw", ...at(port, "registry.k8s.io/pause:3.10")]).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
  return { port, registry };
}
const at = (port: number, name: string): string[] => [
  "--cert-dir",
  join(shop.path("bsroot"), "trust"),
  `docker://127.0.0.1:${port}/${name}`,
];
/** Where skopeo looks for whom to trust. */
function trust(): void {
  mkdirSync(shop.path("bsroot/trust"), { recursive: true });
  writeFileSync(shop.path("bsroot/trust/ca.crt"), readFileSync(shop.path("bsroot/tls/ca.pem")));
}

test("an image is in the bsroot under its whole name, and a foreign client pulls it from there with the same digest", async () => {
  await wanting(["registry.k8s.io/pause:3.10"]);
  const result = await shop.build(NOTHING);
  expect(result.fetched.length).toBe(2); // configuration and layer; the manifests came first
  expect((await shop.lock()).images).toEqual({ "registry.k8s.io/pause:3.10": digest });

  trust();
  const { port } = await serving(shop.path("bsroot"));
  const copied = shop.path("copied");
  await run("skopeo", [
    "copy",
    "--quiet",
    "--src-cert-dir",
    shop.path("bsroot/trust"),
    "--override-arch",
    "amd64",
    `docker://127.0.0.1:${port}/registry.k8s.io/pause:3.10`,
    `oci:${copied}:it`,
  ]);
  const greeting = await run("sh", [
    "-c",
    `cd ${copied}/blobs/sha256 && for blob in *; do tar -xzOf $blob greeting 2>/dev/null; done; true`,
  ]);
  expect(greeting.stdout).toContain("pause for amd64");
  const { stdout } = await run("skopeo", ["inspect", "--raw", ...at(port, "registry.k8s.io/pause:3.10")], { encoding: "buffer" });
  expect(`sha256:${(await run("sh", ["-c", `printf %s "$1" | sha256sum`, "sh", stdout.toString()])).stdout.slice(0, 64)}`).toBe(digest);
});

test("only the processors that machines have are carried, and a second build asks nobody", async () => {
  await wanting(["registry.k8s.io/pause:3.10"]);
  await shop.build(NOTHING);
  const { files } = await shop.manifest();
  const blobs = files.filter(({ path }) => path.includes("/blobs/"));
  expect(blobs).toHaveLength(4); // index, manifest, configuration, layer of amd64

  await wanting(["registry.k8s.io/pause:3.10"], "http://127.0.0.1:9"); // nobody is there
  const again = await shop.build(NOTHING);
  expect([again.fetched, again.reused, again.removed]).toEqual([[], [], []]);
  const lasting = ({ path }: { readonly path: string }): boolean => path.startsWith("registry/");
  expect((await shop.manifest()).files.filter(lasting)).toEqual(files.filter(lasting));
});

test("an image that is not wanted any more leaves nothing behind", async () => {
  await wanting(["registry.k8s.io/pause:3.10"]);
  await shop.build(NOTHING);
  await wanting([]);
  const { removed } = await shop.build(NOTHING);
  expect(removed.length).toBeGreaterThan(8);
  expect((await shop.manifest()).files.filter(({ path }) => path.startsWith("registry/"))).toEqual([]);
  expect((await shop.lock()).images).toEqual({});
});

test("what a tag means stays what it was, until the user asks for what is new", async () => {
  await origin.push(join(folder, "pause"), "moving:latest");
  await wanting(["registry.k8s.io/moving"]);
  await shop.build(NOTHING);
  const other = makeImage(join(folder, "other"), "other");
  await origin.push(join(folder, "other"), "moving:latest");
  await shop.build(NOTHING);
  expect((await shop.lock()).images).toEqual({ "registry.k8s.io/moving:latest": digest });
  await shop.build(NOTHING, { update: true });
  expect((await shop.lock()).images).toEqual({ "registry.k8s.io/moving:latest": other });
});

test.each([
  { when: "there is no such image", image: "registry.k8s.io/nothing:1", says: /^registry.k8s.io\/nothing:1: http:.*answers 404/ },
  {
    when: "it is not made for the machines",
    image: "registry.k8s.io/made/for-arm:1",
    says: /it is not made for linux\/amd64, only for linux\/arm64$/,
  },
  { when: "the digest is another's", image: `registry.k8s.io/pause@sha256:${"0".repeat(64)}`, says: /answers 404/ },
])("when $when, the build says so and names the image", async ({ image, says }) => {
  await wanting([image]);
  expect(await shop.failures(NOTHING)).toEqual([expect.stringMatching(says)]);
});

test("a registry that wants a password gets the one of docker login, and whoever has none is told what to do", async () => {
  writeFileSync(join(folder, "users"), "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"); // bcrypt of "secret"
  const closed = await startOrigin(join(folder, "closed"), { auth: { htpasswd: { realm: "closed", path: join(folder, "users") } } });
  onTestFinished(() => closed.close());
  await closed.push(join(folder, "pause"), "pause:3.10", "me:secret");
  await wanting(["registry.k8s.io/pause:3.10"], closed.url);
  vi.stubEnv("DOCKER_CONFIG", shop.folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await shop.failures(NOTHING)).toEqual([expect.stringContaining(`log in with docker login ${closed.host}`)]);

  await shop.put("config.json", JSON.stringify({ auths: { [closed.host]: { auth: Buffer.from("me:secret").toString("base64") } } }));
  await shop.build(NOTHING);
  expect((await shop.lock()).images).toEqual({ "registry.k8s.io/pause:3.10": digest });
  await shop.put("config.json", "{");
  expect(await shop.failures(NOTHING)).toEqual([
    expect.stringMatching(/config.json: .*log in again with docker login, or delete the file$/),
  ]);
});

test("a registry that sends us for a token gets it, and the token is asked for once for each image", async () => {
  const issuer = tokenIssuer();
  writeFileSync(join(folder, "issuer.pem"), issuer.certificate);
  const asked: string[] = [];
  const desk = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, "http://desk");
    const scope = searchParams.get("scope") ?? "";
    asked.push(scope);
    response.end(JSON.stringify({ token: issuer.token(scope, searchParams.get("service") ?? "") }));
  });
  await new Promise<void>((resolve) => desk.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void desk.close());
  const realm = `http://127.0.0.1:${(desk.address() as AddressInfo).port}/token`;
  const guarded = await startOrigin(join(folder, "guarded"), {
    auth: { token: { realm, service: "guarded", issuer: "issuer", rootcertbundle: join(folder, "issuer.pem") } },
  });
  onTestFinished(() => guarded.close());
  await guarded.push(join(folder, "pause"), "pause:3.10");
  asked.length = 0;
  await wanting(["registry.k8s.io/pause:3.10"], guarded.url);
  await shop.build(NOTHING);
  expect((await shop.lock()).images).toEqual({ "registry.k8s.io/pause:3.10": digest });
  expect(asked).toEqual(["repository:pause:pull"]);
});
