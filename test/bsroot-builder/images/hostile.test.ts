/** Registries that give something else than what was asked for. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const NOTHING = registryOf(() => []);
const digestOf = (bytes: string | Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const LAYER = Buffer.alloc(300_000, "a layer ");
const CONFIG = JSON.stringify({ os: "linux", architecture: "amd64" });

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  return () => shop.close();
});

const descriptor = (bytes: string | Uint8Array, more: object = {}) => ({
  mediaType: "application/octet-stream",
  digest: digestOf(bytes),
  size: bytes.length,
  ...more,
});
const manifest = (layer: object = {}): string =>
  JSON.stringify({ schemaVersion: 2, config: descriptor(CONFIG), layers: [descriptor(LAYER, layer)] });
const PLATFORM = { os: "linux", architecture: "amd64" };

/** Puts an image's parts where a registry has them; `tag` is what the name a:1 answers. */
function putImage(tag: string, more: Readonly<Record<string, string | Uint8Array>> = {}): void {
  shop.mirror.put("/v2/a/manifests/1", tag);
  for (const bytes of [tag, ...Object.values(more)]) shop.mirror.put(`/v2/a/manifests/${digestOf(bytes)}`, bytes);
  for (const bytes of [CONFIG, LAYER]) shop.mirror.put(`/v2/a/blobs/${digestOf(bytes)}`, bytes);
  for (const [digest, bytes] of Object.entries(more)) shop.mirror.put(`/v2/a/manifests/${digest}`, bytes);
}
const wanting = (image = "registry.k8s.io/a:1", from = shop.mirror.url): Promise<void> =>
  shop.put("cluster-desc.yml", description({ images: [image], mirrors: { "https://registry.k8s.io": from } }));

test.each([
  {
    when: "a layer is longer than its manifest says",
    put: () => putImage(manifest({ size: LAYER.length - 1 })),
    says: /blobs\/sha256:.*has 300000 bytes instead of 299999$/,
  },
  {
    when: "a layer without a length does not end",
    put: () => {
      putImage(manifest());
      shop.mirror.misbehave(`/v2/a/blobs/${digestOf(LAYER)}`, { chunked: true, endless: true });
    },
    says: /does not end after the 300000 bytes that it should have$/,
  },
  {
    when: "a layer is another one",
    put: () => {
      putImage(manifest());
      shop.mirror.put(`/v2/a/blobs/${digestOf(LAYER)}`, Buffer.alloc(LAYER.length, "evil "));
    },
    says: /has SHA-256 .*, but the description says/,
  },
  {
    when: "an index without end is given for the name",
    put: () => shop.mirror.put("/v2/a/manifests/1", Buffer.alloc(5 << 20, " ")),
    says: /is over 4 MiB, too long for .* a manifest$/,
  },
  {
    when: "an index names more manifests than an image has",
    put: () => {
      const images = Array.from({ length: 70 }, (_, index) =>
        JSON.stringify({ ...JSON.parse(manifest()), annotations: { n: String(index) } }),
      );
      const index = JSON.stringify({ schemaVersion: 2, manifests: images.map((bytes) => descriptor(bytes, { platform: PLATFORM })) });
      putImage(index, Object.fromEntries(images.map((bytes) => [digestOf(bytes), bytes])));
    },
    says: /it has more than 64 manifests, which no image needs$/,
  },
  {
    when: "a web page is given for the name",
    put: () => shop.mirror.misbehave("/v2/a/manifests/1", { page: true }),
    says: /answers a web page instead of the file/,
  },
  {
    when: "a digest is not a digest but a way out",
    put: () => putImage(manifest({ digest: "sha256:../../../../etc/passwd" })),
    says: /its manifest is broken: layers.0.digest is no SHA-256 digest$/,
  },
])("when $when, the build says so and the bsroot has no manifest", async ({ put, says }) => {
  put();
  await wanting();
  expect(await shop.failures(NOTHING)).toEqual([expect.stringMatching(says)]);
  await expect(shop.manifest()).rejects.toThrow("ENOENT");
});

test("another manifest than the one whose digest was asked for is refused", async () => {
  const other = manifest({ size: 1 });
  putImage(manifest());
  const asked = digestOf(manifest());
  shop.mirror.put(`/v2/a/manifests/${asked}`, other);
  await wanting(`registry.k8s.io/a@${asked}`);
  expect(await shop.failures(NOTHING)).toEqual([expect.stringContaining(`what came for ${asked} is ${digestOf(other)}`)]);
});

test("half a layer is gone on with, though the registry says nothing to know it by", async () => {
  putImage(manifest());
  const path = `/v2/a/blobs/${digestOf(LAYER)}`;
  shop.mirror.misbehave(path, { cutAfter: 100_000, etag: "none", times: 1 });
  await wanting();
  await shop.build(NOTHING);
  const ranges = shop.mirror.requests.filter((request) => request.path === path).map(({ range, ifRange }) => [range, ifRange]);
  expect(ranges).toEqual([
    [undefined, undefined],
    [expect.stringMatching(/^bytes=[1-9]\d*-$/), undefined],
  ]);
});

test("the password of a registry does not go along to where it sends us for a layer", async () => {
  putImage(manifest());
  const seen: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    seen.push(`${request.url?.split("/")[3]} ${request.headers.authorization ?? "nobody"}`);
    if (!request.headers.authorization) return void response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    response.writeHead(307, { location: `${shop.mirror.url}${request.url}` }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = Buffer.from("me:secret").toString("base64");
  await shop.put("config.json", JSON.stringify({ auths: { [host]: { auth }, [new URL(shop.mirror.url).host]: {} } }));
  vi.stubEnv("DOCKER_CONFIG", shop.folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  await wanting("registry.k8s.io/a:1", `http://${host}`);
  await shop.build(NOTHING);
  expect(new Set(seen)).toEqual(new Set(["manifests nobody", `manifests Basic ${auth}`, `blobs Basic ${auth}`]));
  expect(shop.mirror.requests.length).toBeGreaterThan(2);
  expect(shop.mirror.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
});

test("images come through the proxy of the environment, unless NO_PROXY names their registry", async () => {
  putImage(manifest());
  const asked: string[] = [];
  const proxy = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!);
    asked.push(url.host);
    response.writeHead(307, { location: `${shop.mirror.url}${url.pathname}` }).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  vi.stubEnv("http_proxy", `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv("no_proxy", "127.0.0.0/8");
  onTestFinished(() => void vi.unstubAllEnvs());
  await wanting("registry.k8s.io/a:1", "http://registry.invalid");
  await shop.build(NOTHING);
  expect(asked).toEqual(["registry.invalid", "registry.invalid", "registry.invalid"]); // manifest, configuration, layer
  vi.stubEnv("no_proxy", "127.0.0.0/8, registry.invalid");
  expect(await shop.failures(NOTHING, { update: true })).toEqual([expect.stringMatching(/there is no such host|EAI_AGAIN/)]);
  expect(asked).toHaveLength(3);
});
