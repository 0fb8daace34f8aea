/** A bsroot that lacks what some machine will ask for is found out where there still is internet. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { create } from "tar";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { objection, urlsIn } from "../../../bsroot-builder/closed-world/references.ts";
import { type ClosedWorld, closedWorld } from "../../../bsroot-builder/commands/closed-world.ts";
import { Failure } from "../../../bsroot-builder/commands/failure.ts";
import type { Manifest } from "../../../cluster/layout.ts";
import { loaderArtifacts, osTarget } from "../../../templates/registry.ts";
import { makeImage, type Origin, startOrigin } from "../../support/container-image.ts";
import { description, openWorkshop, type Workshop } from "../../support/workshop.ts";

const IMAGE = "registry.k8s.io/pause:3.10";
let shop: Workshop;
let origin: Origin;
beforeAll(async () => {
  shop = await openWorkshop();
  for (const { member } of loaderArtifacts()) await shop.put(`src/${member}`, member!);
  await create({ gzip: true, file: shop.path("src/ipxeboot.tar.gz"), cwd: shop.path("src") }, ["ipxeboot"]);
  for (const name of ["vmlinuz", "initrd", "image.raw"]) await shop.put(`src/${name}`, name);
  origin = await startOrigin(shop.path("origin"));
  makeImage(shop.path("pause"), "pause");
  await origin.push(shop.path("pause"), "pause:3.10");
  const os = `{ target: raw-image, ${["image: image.raw", "kernel: vmlinuz", "initrd: initrd"]
    .map((pair) => pair.split(": "))
    .map(([field, name]) => `${field}: { url: "file://${shop.path("src", name!)}" }`)
    .join(", ")} }`;
  const mirrors = { "https://github.com/ipxe/ipxe/releases/download/v2.0.0": "./src", "https://registry.k8s.io": origin.url };
  await shop.put("cluster-desc.yml", description({ os, mirrors, images: [IMAGE] }));
});
afterAll(async () => {
  await origin.close();
  await shop.close();
});
beforeEach(async () => {
  await shop.build({ osTarget, loaderArtifacts });
});

async function problems(): Promise<readonly string[]> {
  const outcome: unknown = await closedWorld(shop.path("bsroot")).catch((error) => error);
  if (outcome instanceof Failure) return outcome.problems;
  if (outcome instanceof Error) throw outcome;
  throw new Error(`it is closed: ${JSON.stringify(outcome as ClosedWorld)}`);
}
/** Takes files out as if they had never been listed. */
async function without(gone: (path: string) => boolean): Promise<void> {
  const file = shop.path("bsroot/manifest.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as Manifest;
  const lost = manifest.files.filter(({ path, secret }) => gone(path) && !secret); // keys that are gone are not made anew
  for (const { path } of lost) await rm(shop.path("bsroot", path));
  await writeFile(file, JSON.stringify({ ...manifest, files: manifest.files.filter(({ path }) => !gone(path)) }));
}

test("a bsroot as it was built is closed", async () => {
  const { machines, references, images } = await closedWorld(shop.path("bsroot"));
  expect([machines, images]).toEqual([2, 1]);
  expect(references).toBeGreaterThan(5);
});

describe("what is missing is named with whom it concerns:", () => {
  test.each([
    {
      what: "a kernel",
      gone: /vmlinuz$/,
      says: /^cp-1, its boot script: http:\/\/10.77.0.1\/static\/\S+ is not in the bsroot: html\/static\/\S+vmlinuz is missing$/m,
    },
    { what: "an image of a disk", gone: /image\.raw$/, says: /^worker-1, its install script: http\S+ is not in the bsroot/m },
    { what: "a loader", gone: /tftpboot\/undionly/, says: /^cp-1: its loader tftpboot\/undionly.kpxe is missing$/m },
    {
      what: "a machine's key",
      gone: /tls\/machines\/52-54-00-00-00-12\.key/,
      says: /^worker-1: its secret tls\/machines\/52-54-00-00-00-12.key is missing$/m,
    },
    {
      what: "a layer of a container image",
      gone: /registry\/.*\/data$/,
      says: /^image registry.k8s.io\/pause:3.10: its manifest sha256:\w+ is missing$/m,
    },
  ])("$what", async ({ gone, says }) => {
    await without((path) => gone.test(path));
    expect((await problems()).join("\n")).toMatch(says);
  });

  test("a container image that was never built in", async () => {
    const file = shop.path("bsroot/config/cluster-desc.yml");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace(IMAGE, "quay.io/other/thing:1"));
    expect(await problems()).toEqual(["image quay.io/other/thing:1: is not in the bsroot"]);
    await writeFile(file, text);
  });
});

describe("a reference", () => {
  const world = {
    hosts: new Set(["10.0.0.1", "boot.demo.lan"]),
    statics: new Set(["os/vmlinuz", "a b"]),
    registries: new Set(["https://own.lan:5000"]),
  };
  test.each([
    { url: "http://10.0.0.1/static/os/vmlinuz", because: undefined },
    { url: "https://boot.demo.lan/static/a%20b", because: undefined },
    { url: "https://10.0.0.1/grant/52-54-00-00-00-01", because: undefined },
    { url: "https://10.0.0.1:5000/v2/quay.io", because: undefined },
    { url: "https://10.0.0.1", because: undefined },
    { url: "https://own.lan:5000", because: undefined },
    { url: "https://own.lan:5000/install.sh", because: "leads out of the closed network, to own.lan" },
    { url: "https://get.example.com/install.sh", because: "leads out of the closed network, to get.example.com" },
    { url: "http://10.0.0.1/static/os/initrd", because: "is not in the bsroot: html/static/os/initrd is missing" },
    { url: "http://10.0.0.1/elsewhere", because: "is nothing that the bootstrapper answers" },
    { url: "http://10.0.0.1/bootless", because: "is nothing that the bootstrapper answers" },
  ])("to $url: $because", ({ url, because }) => {
    expect(objection(url, world)).toBe(because);
  });

  test.each([
    {
      text: "kernel http://10.0.0.1/static/k quiet url=http://10.0.0.1/install/x.sh",
      urls: ["http://10.0.0.1/static/k", "http://10.0.0.1/install/x.sh"],
    },
    { text: "server='https://10.0.0.1'\nfetch \"https://10.0.0.1/grant/$mac\"", urls: ["https://10.0.0.1", "https://10.0.0.1/grant/"] },
    { text: "see https://example.com/page. Or (https://example.org).", urls: ["https://example.com/page", "https://example.org"] },
    { text: "no address, not even http:// alone", urls: [] },
  ])("is found in $text", ({ text, urls }) => {
    expect(urlsIn(text)).toEqual(urls);
  });
});
