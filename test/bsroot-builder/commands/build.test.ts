import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { create } from "tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Registry } from "../../../bsroot-builder/gather.ts";
import type { Artifact, Verify } from "../../../cluster/extension.ts";
import { newSigner } from "../../support/signing.ts";
import { description, openWorkshop, placeTls, registryOf, type Workshop } from "../../support/workshop.ts";

const hashOf = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");
const SITE = "https://images.example.com";

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  await shop.put("cluster-desc.yml", description({ mirrors: { [SITE]: shop.mirror.url } }));
});
afterEach(() => shop.close());

const file = (name: string, verify: Verify = { by: "first-use" }): Artifact => ({
  path: `html/static/${name}`,
  url: `${SITE}/${name}`,
  verify,
});
const versioned = (latest = `${SITE}/version.txt`): Registry =>
  registryOf((version) => [{ ...file("common") }, { ...file(`${version}/kernel`) }, { ...file(`${version}/image`) }], {
    url: latest,
    read: (text) => text.trim(),
  });
/** From here on the description says "current". */
const followCurrent = () => shop.put("cluster-desc.yml", description({ os: "{ target: flatcar }", mirrors: { [SITE]: shop.mirror.url } }));
const putVersion = (version: string): void => {
  shop.mirror.put("/version.txt", `${version}\n`);
  shop.mirror.put("/common", "common");
  shop.mirror.put(`/${version}/kernel`, `kernel ${version}`);
  shop.mirror.put(`/${version}/image`, `image ${version}`);
};
const asked = () => shop.mirror.requests.map(({ path }) => path).sort();

describe("a build", () => {
  beforeEach(followCurrent);

  test("asks once what current is, fetches everything, and pins both in sextant.lock", async () => {
    putVersion("1.2.3");
    const result = await shop.build(versioned());
    expect(result.fetched).toEqual(["html/static/1.2.3/image", "html/static/1.2.3/kernel", "html/static/common"]);
    expect(asked()).toEqual(["/1.2.3/image", "/1.2.3/kernel", "/common", "/version.txt"]);
    const lock = await shop.lock();
    expect(lock.versions).toEqual({ "flatcar/stable/amd64": "1.2.3" });
    expect(lock.artifacts["html/static/1.2.3/kernel"]).toEqual({
      url: `${SITE}/1.2.3/kernel`,
      size: 12,
      sha256: hashOf("kernel 1.2.3"),
      verified: "first-use",
    });
    expect(await shop.read("bsroot/config/sextant.lock")).toBe(await shop.read("sextant.lock"));
    expect(await shop.read("bsroot/config/cluster-desc.yml")).toBe(await shop.read("cluster-desc.yml"));
  });

  test("lists every file in the manifest, in order, with size and hash, and marks what is secret", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    const { cluster, files } = await shop.manifest();
    const onDisk = (await readdir(shop.path("bsroot"), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(shop.path("bsroot").length + 1))
      .filter((path) => path !== "manifest.json" && !path.startsWith(".build/"));
    expect(cluster).toBe("demo");
    expect(files.map(({ path }) => path)).toEqual(onDisk.sort());
    expect(files.filter(({ secret }) => secret).map(({ path }) => path)).toEqual(onDisk.filter((path) => path.startsWith("tls/")));
    expect(files.find(({ path }) => path === "html/static/common")).toEqual({
      path: "html/static/common",
      size: 6,
      sha256: hashOf("common"),
    });
  });

  test("done twice asks nobody the second time and changes no byte", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    const before = [await shop.read("bsroot/manifest.json"), await shop.read("sextant.lock")];
    shop.mirror.requests.length = 0;
    const again = await shop.build(versioned());
    expect(again).toMatchObject({ kept: 3, fetched: [], reused: [], removed: [], certificates: [], keys: [] });
    expect(shop.mirror.requests).toEqual([]);
    expect([await shop.read("bsroot/manifest.json"), await shop.read("sextant.lock")]).toEqual(before);
  });

  test("works offline from the lock and a cache, into another folder", async () => {
    putVersion("1.2.3");
    await shop.build(versioned(), { cache: shop.path("cache") });
    await placeTls(shop.path("other"));
    shop.mirror.requests.length = 0;
    const other = await shop.build(versioned(), { cache: shop.path("cache"), out: shop.path("other") });
    expect(other).toMatchObject({ fetched: [], reused: ["html/static/1.2.3/image", "html/static/1.2.3/kernel", "html/static/common"] });
    expect(shop.mirror.requests).toEqual([]);
    expect(await shop.read("other/html/static/common")).toBe("common");
  });

  test("does not believe a cache whose file was changed", async () => {
    putVersion("1.2.3");
    await shop.build(versioned(), { cache: shop.path("cache") });
    await shop.put(`cache/${hashOf("common")}`, "broken");
    await rm(shop.path("bsroot/html/static/common"));
    const again = await shop.build(versioned(), { cache: shop.path("cache") });
    expect(again.fetched).toEqual(["html/static/common"]);
    expect(await shop.read("bsroot/html/static/common")).toBe("common");
  });
});

describe("a version that changed", () => {
  beforeEach(followCurrent);

  test("is fetched, what belonged to the old one is removed, and what both share stays", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    putVersion("1.2.4");
    shop.mirror.requests.length = 0;
    await shop.put("cluster-desc.yml", description({ os: "{ target: flatcar, version: 3999.2.4 }", mirrors: { [SITE]: shop.mirror.url } }));
    putVersion("3999.2.4");
    const result = await shop.build(versioned());
    expect(result).toMatchObject({
      kept: 1,
      fetched: ["html/static/3999.2.4/image", "html/static/3999.2.4/kernel"],
      removed: ["html/static/1.2.3/image", "html/static/1.2.3/kernel"],
    });
    expect(asked()).toEqual(["/3999.2.4/image", "/3999.2.4/kernel"]);
    expect(existsSync(shop.path("bsroot/html/static/1.2.3"))).toBe(false);
    expect(Object.keys((await shop.lock()).artifacts)).toEqual([
      "html/static/3999.2.4/image",
      "html/static/3999.2.4/kernel",
      "html/static/common",
    ]);
    expect((await shop.lock()).versions).toEqual({});
  });

  test("upstream is not noticed until the user says --update", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    putVersion("1.2.4");
    expect((await shop.build(versioned())).fetched).toEqual([]);
    const updated = await shop.build(versioned(), { update: true });
    expect(updated.fetched).toEqual(expect.arrayContaining(["html/static/1.2.4/image", "html/static/1.2.4/kernel"]));
    expect(updated.removed).toEqual(["html/static/1.2.3/image", "html/static/1.2.3/kernel"]);
  });

  test("leaves files that are not the builder's alone", async () => {
    putVersion("1.2.3");
    await shop.put("bsroot/html/static/1.2.3/notes.txt", "mine");
    await shop.build(versioned());
    putVersion("1.2.4");
    await shop.build(versioned(), { update: true });
    expect(await shop.read("bsroot/html/static/1.2.3/notes.txt")).toBe("mine");
  });
});

describe("what lies in bsroot", () => {
  beforeEach(followCurrent);

  test("is read again only when its size or time changed, and kept when its bytes are right", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    await utimes(shop.path("bsroot/html/static/common"), 1, 1);
    expect(await shop.build(versioned())).toMatchObject({ kept: 3, fetched: [] });
  });

  test("is fetched again when its bytes are wrong, also when the lost notes cannot tell", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    await shop.put("bsroot/html/static/common", "Common");
    await rm(shop.path("bsroot/.build"), { recursive: true });
    expect(await shop.build(versioned())).toMatchObject({ kept: 2, fetched: ["html/static/common"] });
    expect(await shop.read("bsroot/html/static/common")).toBe("common");
  });

  test("is fetched again when it became a link to somewhere else", async () => {
    putVersion("1.2.3");
    await shop.build(versioned());
    await rename(shop.path("bsroot/html/static/common"), shop.path("elsewhere"));
    await symlink(shop.path("elsewhere"), shop.path("bsroot/html/static/common"));
    expect((await shop.build(versioned())).fetched).toEqual(["html/static/common"]);
    expect((await stat(shop.path("bsroot/html/static/common"))).isFile()).toBe(true);
  });
});

describe("a hash", () => {
  test("from the description that the bytes do not have is an error with file, URL, both hashes and the way out", async () => {
    shop.mirror.put("/image", "other bytes");
    const wrong = registryOf(() => [file("image", { by: "sha256", sha256: hashOf("the bytes") })]);
    expect(await shop.failures(wrong)).toEqual([
      `html/static/image: ${shop.mirror.url}/image (mirror of ${SITE}/image): has SHA-256 ${hashOf("other bytes")}, but the description says ` +
        `${hashOf("the bytes")}; if the source was changed on purpose, correct the hash, else fetch from another place with mirrors:`,
    ]);
    expect(await readdir(shop.path("bsroot/html/static"))).toEqual([]);
    expect(existsSync(shop.path("sextant.lock"))).toBe(false);
  });

  test("that the description corrects is the one that counts from then on", async () => {
    shop.mirror.put("/image", "first");
    await shop.build(registryOf(() => [file("image", { by: "sha256", sha256: hashOf("first") })]));
    shop.mirror.put("/image", "second");
    const changed = await shop.build(registryOf(() => [file("image", { by: "sha256", sha256: hashOf("second") })]));
    expect(changed.fetched).toEqual(["html/static/image"]);
    expect(await shop.read("bsroot/html/static/image")).toBe("second");
  });

  test("that sextant.lock pinned is not given up silently: other bytes of the same size are refused", async () => {
    const one = registryOf(() => [file("image")]);
    shop.mirror.put("/image", "first");
    await shop.build(one);
    await rm(shop.path("bsroot/html/static/image"));
    shop.mirror.put("/image", "other");
    expect((await shop.failures(one))[0]).toMatch(/but sextant.lock says .*; if the source was changed on purpose, run build --update/);
    shop.mirror.put("/image", "longer bytes");
    expect((await shop.failures(one))[0]).toMatch(/has 12 bytes instead of 5/);
    await shop.build(one, { update: true });
    expect(await shop.read("bsroot/html/static/image")).toBe("longer bytes");
  });

  test("that is wrong because an earlier beginning was spoilt gets one clean try", async () => {
    const image = "x".repeat(5000);
    shop.mirror.put("/image", image);
    const url = `${shop.mirror.url}/image`;
    await shop.put("bsroot/html/static/image.part", "y".repeat(1000));
    await shop.put("bsroot/html/static/image.part.json", JSON.stringify({ url, validator: `"${hashOf(image).slice(0, 16)}"`, size: 5000 }));
    await shop.build(registryOf(() => [file("image", { by: "sha256", sha256: hashOf(image) })]));
    expect(shop.mirror.requests.map(({ range }) => range)).toEqual(["bytes=1000-", undefined]);
  });
});

describe("a signed image", () => {
  const signed = (fingerprint: string): Registry =>
    registryOf(() => [
      file("image", { by: "openpgp", signature: `${SITE}/image.sig`, key: `${SITE}/key.asc`, fingerprint }),
      file("image.sig"),
    ]);

  test("is verified while it streams, and its signature served beside it", async () => {
    const signer = await newSigner();
    shop.mirror.put("/image", "the image");
    shop.mirror.put("/image.sig", await signer.sign(Buffer.from("the image")));
    shop.mirror.put("/key.asc", signer.publicKey);
    await shop.build(signed(signer.primary));
    expect((await shop.lock()).artifacts["html/static/image"]!.verified).toBe(`openpgp ${signer.primary}`);
    expect(existsSync(shop.path("bsroot/html/static/image.sig"))).toBe(true);
    shop.mirror.requests.length = 0;
    await shop.build(signed(signer.primary));
    expect(shop.mirror.requests).toEqual([]);
  });

  test("with a wrong signature never gets its name", async () => {
    const signer = await newSigner();
    shop.mirror.put("/image", "another image");
    shop.mirror.put("/image.sig", await signer.sign(Buffer.from("the image")));
    shop.mirror.put("/key.asc", signer.publicKey);
    expect(await shop.failures(signed(signer.primary))).toEqual([
      expect.stringMatching(/^html\/static\/image: http.*is not validly signed: the bytes are not the ones that were signed$/),
    ]);
    expect(await readdir(shop.path("bsroot/html/static"))).toEqual(["image.sig"]);
  });

  test("by a key other than the pinned one is refused, naming the signature", async () => {
    const [signer, stranger] = [await newSigner(), await newSigner()];
    shop.mirror.put("/image", "the image");
    shop.mirror.put("/image.sig", await stranger.sign(Buffer.from("the image")));
    shop.mirror.put("/key.asc", stranger.publicKey);
    expect((await shop.failures(signed(signer.primary)))[0]).toMatch(
      /its signature http.*image.sig: the key file holds .* not the expected/,
    );
  });

  test("signed after the key had expired is refused", async () => {
    const expired = await newSigner({ made: new Date(Date.now() - 30 * 86_400_000), life: 86_400 });
    shop.mirror.put("/image", "the image");
    shop.mirror.put("/image.sig", await expired.sign(Buffer.from("the image")));
    shop.mirror.put("/key.asc", expired.publicKey);
    expect((await shop.failures(signed(expired.primary)))[0]).toMatch(/had expired; look for a fresh key/);
  });

  test.each([
    ["/image.sig", /its signature http.*answers 404/],
    ["/key.asc", /its key http.*answers 404/],
  ])("whose %s is missing is not fetched at all", async (missing, message) => {
    const signer = await newSigner();
    for (const path of ["/image", "/image.sig"]) shop.mirror.put(path, await signer.sign(Buffer.from("x")));
    shop.mirror.put("/key.asc", signer.publicKey);
    shop.mirror.remove(missing);
    const failures = await shop.failures(signed(signer.primary));
    expect(failures.join("\n")).toMatch(message);
    expect(asked()).not.toContain("/image");
  });
});

describe("an archive that several files come out of", () => {
  const loader = (name: string, member: string): Artifact => ({
    path: `tftpboot/${name}`,
    url: `${SITE}/ipxeboot.tar.gz`,
    member,
    verify: { by: "first-use" },
  });
  const loaders = (...all: Artifact[]): Registry => ({ ...registryOf(() => []), loaderArtifacts: () => all });
  const both = loaders(loader("bios.kpxe", "ipxeboot/x86_64/undionly.kpxe"), loader("uefi.efi", "ipxeboot/x86_64/snponly.efi"));

  beforeEach(async () => {
    await shop.put("ipxeboot/x86_64/undionly.kpxe", "bios");
    await shop.put("ipxeboot/x86_64/snponly.efi", "uefi");
    await shop.put("ipxeboot/x86_64/huge", "x".repeat(100_000));
    await putArchive();
  });
  const putArchive = async () => {
    await create({ gzip: true, file: shop.path("ipxeboot.tar.gz"), cwd: shop.folder }, ["ipxeboot"]);
    shop.mirror.put("/ipxeboot.tar.gz", await readFile(shop.path("ipxeboot.tar.gz")));
  };

  test("is fetched once, and each loader stands under TFTP and HTTP as one file with two names", async () => {
    const result = await shop.build(both);
    expect(result.fetched).toEqual(["html/static/boot/bios.kpxe", "html/static/boot/uefi.efi", "tftpboot/bios.kpxe", "tftpboot/uefi.efi"]);
    expect(asked()).toEqual(["/ipxeboot.tar.gz"]);
    expect(await shop.read("bsroot/tftpboot/bios.kpxe")).toBe("bios");
    expect((await stat(shop.path("bsroot/tftpboot/uefi.efi"))).ino).toBe((await stat(shop.path("bsroot/html/static/boot/uefi.efi"))).ino);
    expect(await readdir(shop.path("bsroot/tftpboot"))).toEqual(["bios.kpxe", "uefi.efi"]);
    expect(await readdir(shop.path("bsroot/.build"))).toEqual(["files.json"]);
  });

  test("is not fetched again for a name whose twin is still there", async () => {
    await shop.build(both);
    await rm(shop.path("bsroot/tftpboot/bios.kpxe"));
    shop.mirror.requests.length = 0;
    expect(await shop.build(both)).toMatchObject({ fetched: [], reused: ["tftpboot/bios.kpxe"] });
    expect(shop.mirror.requests).toEqual([]);
  });

  test("without the wanted member is an error that names it", async () => {
    expect((await shop.failures(loaders(loader("arm.efi", "ipxeboot/arm64/ipxe.efi"))))[0]).toMatch(
      /has no ipxeboot\/arm64\/ipxe.efi in it/,
    );
    expect(existsSync(shop.path("bsroot/tftpboot"))).toBe(false);
  });

  test("with a member other than the pinned one is refused, and nothing of it stays", async () => {
    await shop.build(both);
    await rm(shop.path("bsroot/tftpboot"), { recursive: true });
    await rm(shop.path("bsroot/html"), { recursive: true });
    await shop.put("ipxeboot/x86_64/snponly.efi", "evil");
    await putArchive();
    expect((await shop.failures(both))[0]).toMatch(/ipxeboot\/x86_64\/snponly.efi in it has SHA-256 .* but sextant.lock says/);
    expect(await readdir(shop.path("bsroot/html/static/boot"))).toEqual([]);
  });

  test("that is no archive is said to be none", async () => {
    shop.mirror.put("/ipxeboot.tar.gz", "not an archive at all");
    expect((await shop.failures(both))[0]).toMatch(/cannot be unpacked|has no/);
  });

  test("may have its own published hash", async () => {
    const archive = await readFile(shop.path("ipxeboot.tar.gz"));
    const hashed = (sha256: string) =>
      loaders({ ...loader("bios.kpxe", "ipxeboot/x86_64/undionly.kpxe"), verify: { by: "sha256", sha256 } });
    expect((await shop.failures(hashed(hashOf("x"))))[0]).toMatch(/has SHA-256/);
    await shop.build(hashed(hashOf(archive)));
    expect((await shop.build(hashed(hashOf(archive)))).fetched).toEqual([]);
  });
});

describe("a source on this computer", () => {
  const local = () => registryOf(() => [{ path: "html/static/image", url: `file://${shop.path("image")}`, verify: { by: "first-use" } }]);

  test("is copied, and copied again when the user changed it", async () => {
    await shop.put("image", "first");
    await shop.build(local());
    expect((await shop.build(local())).fetched).toEqual([]);
    await shop.put("image", "second, longer");
    expect((await shop.build(local())).fetched).toEqual(["html/static/image"]);
    expect(await shop.read("bsroot/html/static/image")).toBe("second, longer");
  });

  test("may be gone when bsroot has it already", async () => {
    await shop.put("image", "first");
    await shop.build(local());
    await rm(shop.path("image"));
    expect((await shop.build(local())).kept).toBe(1);
  });

  test("of a mirror folder, named relative to the description, stands for the internet", async () => {
    await shop.put("cluster-desc.yml", description({ mirrors: { [SITE]: "./usb disk" } }));
    await shop.put("usb disk/image", "from the disk");
    await shop.build(registryOf(() => [file("image")]));
    expect(await shop.read("bsroot/html/static/image")).toBe("from the disk");
    expect((await shop.lock()).artifacts["html/static/image"]!.url).toBe(`${SITE}/image`);
    expect(shop.mirror.requests).toEqual([]);
  });
});

test("several failures are all reported, and what could be fetched is kept for the next build", async () => {
  shop.mirror.put("/good", "good");
  const three = registryOf(() => [file("good"), file("missing-1"), file("missing-2")]);
  const failures = await shop.failures(three);
  expect(failures).toHaveLength(2);
  expect(failures[0]).toMatch(/^html\/static\/missing-1: http:.*answers 404/);
  expect(existsSync(shop.path("bsroot/manifest.json"))).toBe(false);
  shop.mirror.put("/missing-1", "1");
  shop.mirror.put("/missing-2", "2");
  expect(await shop.build(three)).toMatchObject({ kept: 1, fetched: ["html/static/missing-1", "html/static/missing-2"] });
});

test("a disk that cannot hold what is pinned is found out before anything is asked for", async () => {
  const pin = { url: `${SITE}/image`, size: 1e15, sha256: hashOf("x"), verified: "first-use" };
  await shop.put("sextant.lock", JSON.stringify({ version: 1, versions: {}, images: {}, artifacts: { "html/static/image": pin } }));
  expect(await shop.failures(registryOf(() => [file("image"), file("small")]))).toEqual([
    expect.stringMatching(/bsroot: needs 1.0 PB, and the disk has .* too little; make room or choose another --out$/),
  ]);
  expect(shop.mirror.requests).toEqual([]);
});

test("a version that cannot be looked up is an error with its URL, before anything is fetched", async () => {
  await followCurrent();
  expect(await shop.failures(versioned())).toEqual([
    expect.stringMatching(/^flatcar\/stable\/amd64: http.*version.txt \(mirror of .*\): answers 404/),
  ]);
});

test("a lock file that cannot be understood is left alone and named", async () => {
  await shop.put("sextant.lock", '{ "version": 1, "versions": {}, "artifacts": { "x": 5 } }');
  expect((await shop.failures(versioned()))[0]).toMatch(/sextant.lock: artifacts.x: .*; restore it, or delete it/);
});
