import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Manifest } from "../../cluster/layout.ts";
import { loaderArtifacts } from "../../templates/registry.ts";
import { run, start } from "../support/cli.ts";
import { newSigner } from "../support/signing.ts";
import { description, openWorkshop, type Workshop } from "../support/workshop.ts";

const IPXE = "https://github.com/ipxe/ipxe/releases/download/v2.0.0";
const LOADERS = loaderArtifacts();
/** Each loader stands below tftpboot/ and below html/static/boot/; besides them come kernel, initrd and image. */
const FETCHED = 2 * LOADERS.length + 3;
const IMAGE = Buffer.alloc(1_500_000, "an image that takes a while ");

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  for (const { member } of LOADERS) await shop.put(`src/${member}`, member!);
  await create({ gzip: true, file: shop.path("src/ipxeboot.tar.gz"), cwd: shop.path("src") }, ["ipxeboot"]);
  await shop.put("src/vmlinuz", "kernel");
  await shop.put("src/initrd", "initrd");
  shop.mirror.put("/image.raw", IMAGE);
  const source = (url: string) => `{ url: "${url}" }`;
  const image = `{ url: "${shop.mirror.url}/image.raw", sha256: ${createHash("sha256").update(IMAGE).digest("hex")} }`;
  const os = `{ target: raw-image, image: ${image}, kernel: ${source(`file://${shop.path("src/vmlinuz")}`)}, initrd: ${source(`file://${shop.path("src/initrd")}`)} }`;
  await shop.put("cluster-desc.yml", description({ os, mirrors: { [IPXE]: "./src" } }));
});
afterEach(() => shop.close());

const cli = (...args: string[]) => run(shop.folder, ...args);

async function imageIn(folder: string): Promise<string> {
  const { files } = JSON.parse(await readFile(shop.path(folder, "manifest.json"), "utf8")) as Manifest;
  return files.find(({ path }) => path.endsWith("image.raw"))!.sha256;
}

/** Resolves when the image has begun to arrive; answers the bytes so far. */
async function untilImageArrives(): Promise<number> {
  for (;;) {
    const names = await readdir(shop.path("bsroot"), { recursive: true }).catch(() => []);
    const part = names.find((name) => name.endsWith("image.raw.part"));
    const size = part ? ((await stat(shop.path("bsroot", part)).catch(() => undefined))?.size ?? 0) : 0;
    if (size > 0) return size;
    await sleep(20);
  }
}

describe("build", () => {
  test("makes a bsroot that verify calls good, and says the second time that it kept every file", async () => {
    const first = await cli("build");
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`bsroot: ${FETCHED} files fetched, 0 kept, 0 removed\n$`)),
    });
    expect(first.stderr).toMatch(/image.raw: fetched, 1.5 MB: it is new/);
    expect(await imageIn("bsroot")).toBe(createHash("sha256").update(IMAGE).digest("hex"));
    expect(await shop.read("bsroot/tftpboot/undionly.kpxe")).toBe("ipxeboot/x86_64/undionly.kpxe");
    expect(await cli("verify")).toMatchObject({ code: 0, stdout: `bsroot: good, ${FETCHED + 13} files\n` });
    shop.mirror.requests.length = 0;
    expect(await cli("build")).toEqual({
      code: 0,
      stdout: `${shop.path("bsroot")}: 0 files fetched, ${FETCHED} kept, 0 removed\n`,
      stderr: "",
    });
    expect(shop.mirror.requests).toEqual([]);
  });

  test("that was killed with -9 in mid-download goes on where it was, and fetches nothing twice", async () => {
    shop.mirror.misbehave("/image.raw", { rate: 400_000, times: 1 });
    const { process, ended } = start(shop.folder, "build");
    await untilImageArrives();
    process.kill("SIGKILL");
    expect((await ended).code).toBeNull();
    expect(existsSync(shop.path("bsroot/manifest.json"))).toBe(false);
    const names = (await readdir(shop.path("bsroot/html"), { recursive: true })).filter((name) => name.includes("image.raw"));
    expect(names.every((name) => /\.part(\.json)?$/.test(name))).toBe(true);

    const { code, stdout } = await cli("build", "--json");
    expect(code).toBe(0);
    expect(shop.mirror.requests.map(({ range }) => range)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(result).toMatchObject({ event: "result", fetched: expect.arrayContaining([expect.stringMatching(/image\.raw$/)]) });
    expect(await imageIn("bsroot")).toBe(createHash("sha256").update(IMAGE).digest("hex"));
    expect((await cli("verify")).code).toBe(0);
    expect((await readdir(shop.path("bsroot"), { recursive: true })).filter((name) => name.includes(".part"))).toEqual([]);
  });

  test("refuses to write where another one is writing, and that one is not disturbed", async () => {
    let goOn = (): void => {};
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    shop.mirror.misbehave("/image.raw", { stallAfter: IMAGE.length - 1000, until });
    const first = start(shop.folder, "build");
    await untilImageArrives();
    const second = await cli("build");
    goOn();
    expect(second).toMatchObject({
      code: 1,
      stderr: `bsroot: another build (process ${first.process.pid}) is writing here; wait for it, or stop it\n`,
    });
    expect((await first.ended).code).toBe(0);
    expect((await cli("verify")).code).toBe(0);
  });

  test("of Flatcar goes through its real addresses and formats, and refuses what its key did not sign", async () => {
    const signer = await newSigner({ type: "rsa" });
    const release = "/amd64-usr/4593.2.5";
    shop.mirror.put("/amd64-usr/current/version.txt", "FLATCAR_BUILD=4593\nFLATCAR_VERSION=4593.2.5\n");
    shop.mirror.put(`${release}/version.txt`, "FLATCAR_VERSION=4593.2.5\n");
    for (const end of ["pxe.vmlinuz", "pxe_image.cpio.gz", "image.bin.bz2", "image.bin.bz2.DIGESTS"]) {
      const name = `flatcar_production_${end}`;
      shop.mirror.put(`${release}/${name}`, name);
      shop.mirror.put(`${release}/${name}.sig`, await signer.sign(Buffer.from(name)));
    }
    shop.mirror.put("/security/image-signing-key/Flatcar_Image_Signing_Key.asc", signer.publicKey);
    const mirrors = {
      "https://stable.release.flatcar-linux.net": shop.mirror.url,
      "https://www.flatcar.org": shop.mirror.url,
      [IPXE]: "./src",
    };
    await shop.put("cluster-desc.yml", description({ os: "{ target: flatcar }", mirrors }));
    const { code, stderr } = await cli("build");
    expect(code).toBe(1);
    expect(stderr).toContain("flatcar/stable/amd64: is 4593.2.5\n");
    expect(stderr).toMatch(
      new RegExp(
        `flatcar_production_image.bin.bz2: http.*the key file holds ${signer.primary}, not the expected F88CFEDEFF29A5B4D9523864E25D9AED0593B34A`,
      ),
    );
    const images = (await readdir(shop.path("bsroot/html/static/flatcar/amd64-usr/4593.2.5"))).sort();
    expect(images).toEqual([
      "flatcar_production_image.bin.bz2.DIGESTS.sig",
      "flatcar_production_image.bin.bz2.sig",
      "flatcar_production_pxe.vmlinuz.sig",
      "flatcar_production_pxe_image.cpio.gz.sig",
      "version.txt",
    ]);
  });
});

describe("the process", () => {
  test("ends with 2 when it was not understood", async () => {
    expect(await cli("bild")).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("unknown command 'bild'") });
  });

  test("ends with 1 when there are mistakes, each with its line", async () => {
    await shop.put("cluster-desc.yml", description().replace("10.77.0.11", "10.99.0.11"));
    expect(await cli("check")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^cluster-desc.yml:\d+:\d+: machines\[0\].address: /),
    });
  });
});
