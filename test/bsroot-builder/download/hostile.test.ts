/** Sources that are broken, or mean harm: what the operator reads, and that nothing of theirs gets a name. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import forge from "node-forge";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { describe as inWords } from "../../../bsroot-builder/download/error.ts";
import { openHttp } from "../../../bsroot-builder/download/http.ts";
import type { Artifact, Verify } from "../../../cluster/extension.ts";
import { newSigner } from "../../support/signing.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const run = promisify(execFile);
const hashOf = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const SITE = "https://images.example.com";
const DAY = 86_400_000;

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  await shop.put("cluster-desc.yml", description({ mirrors: { [SITE]: shop.mirror.url } }));
  return () => shop.close();
});

const wanting = (verify: Verify = { by: "first-use" }, more: Partial<Artifact> = {}) =>
  registryOf(() => [{ path: "html/static/image", url: `${SITE}/image`, verify, ...more }]);

/** No file has a name, and nothing is pinned or listed. */
async function nothingIsThere(): Promise<void> {
  const names = (await readdir(shop.path("bsroot"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !`${entry.parentPath}/`.includes("/tls/"))
    .map(({ name }) => name);
  expect(names.filter((name) => name !== "files.json")).toEqual([]);
  expect(await readdir(shop.folder)).not.toContain("sextant.lock");
}

describe("refused, with nothing left behind:", () => {
  test.each([
    {
      when: "another file than the description's hash speaks of",
      do: async () => {
        shop.mirror.put("/image", "another");
        return wanting({ by: "sha256", sha256: hashOf("the one") });
      },
      says: /has SHA-256 .*, but the description says .*correct the hash/,
    },
    {
      when: "a file signed by a stranger",
      do: async () => signedBy(await newSigner(), (await newSigner()).primary),
      says: /its signature .* not the expected/,
    },
    {
      when: "a file signed by a key that had expired",
      do: async () => {
        const expired = await newSigner({ made: new Date(Date.now() - 30 * DAY), life: 86_400 });
        return signedBy(expired, expired.primary);
      },
      says: /had expired; look for a fresh key/,
    },
    {
      when: "a web page where a file is wanted",
      do: async () => {
        shop.mirror.put("/image", "\ufeff\n<!-- moved -->\n<HTML><title>Log in</title>");
        return wanting();
      },
      says: /answers a web page instead of the file: a login page, or the file has moved/,
    },
    {
      when: "a web page where a signature is wanted",
      do: async () => {
        const signed = await signedBy(await newSigner(), "0".repeat(40));
        shop.mirror.misbehave("/image.sig", { page: true });
        return signed;
      },
      says: /its signature http.*: answers a web page/,
    },
    {
      when: "a redirect in a circle",
      do: async () => {
        shop.mirror.misbehave("/image", { redirectTo: "/other" });
        shop.mirror.misbehave("/other", { redirectTo: "/image" });
        return wanting();
      },
      says: /redirects more than 5 times, lastly to \//,
    },
    {
      when: "a body that does not end where it should",
      do: async () => {
        shop.mirror.put("/image", "x".repeat(1000));
        shop.mirror.misbehave("/image", { chunked: true, endless: true });
        return wanting({ by: "first-use" }, { size: 1000 });
      },
      says: /does not end after the 1000 bytes that it should have/,
    },
    {
      when: "a length that is not the announced one",
      do: async () => {
        shop.mirror.put("/image", "x".repeat(1001));
        return wanting({ by: "first-use" }, { size: 1000 });
      },
      says: /has 1001 bytes instead of 1000/,
    },
    {
      when: "a signature without end",
      do: async () => {
        const signed = await signedBy(await newSigner(), "0".repeat(40));
        shop.mirror.misbehave("/image.sig", { chunked: true, endless: true });
        return signed;
      },
      says: /its signature .*is over 4 MiB/,
    },
    {
      when: "an archive that is a bomb",
      do: async () => {
        shop.mirror.put("/image", bomb());
        return wanting({ by: "first-use" }, { member: "wanted" });
      },
      says: /holds more than .* in its .*: a bomb, not an archive/,
    },
  ])("$when", async ({ do: prepare, says }) => {
    const registry = await prepare();
    expect(await shop.failures(registry)).toEqual([expect.stringMatching(says)]);
    await nothingIsThere();
  });

  async function signedBy(signer: Awaited<ReturnType<typeof newSigner>>, fingerprint: string) {
    shop.mirror.put("/image", "the image");
    shop.mirror.put("/image.sig", await signer.sign(Buffer.from("the image")));
    shop.mirror.put("/key.asc", signer.publicKey);
    return wanting({ by: "openpgp", signature: `${SITE}/image.sig`, key: `${SITE}/key.asc`, fingerprint });
  }

  /** 200 MB of zeros, of which the first are a header that says so. */
  function bomb(): Buffer {
    const header = Buffer.alloc(512);
    header.write("unwanted", 0);
    header.write("0000644\0", 100);
    header.write(`${(200e6).toString(8).padStart(11, "0")}\0`, 124);
    header.write("        0", 148);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return gzipSync(Buffer.concat([header, Buffer.alloc(200e6)]), { level: 9 });
  }
});

describe("who we are", () => {
  const fetchOf = async (url: string): Promise<void> => {
    await shop.put("cluster-desc.yml", description({ mirrors: { [SITE]: url } }));
    await shop.build(wanting());
  };
  const withPassword = () => shop.mirror.url.replace("://", "://me:p%40ss@");
  const seen = (): readonly (string | undefined)[] => shop.mirror.requests.map(({ authorization }) => authorization);
  const ours = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;

  test("goes along to the host that the password was written for", async () => {
    shop.mirror.put("/other", "image");
    shop.mirror.misbehave("/image", { redirectTo: `${shop.mirror.url}/other` });
    await fetchOf(withPassword());
    expect(seen()).toEqual([ours, ours]);
  });

  test("does not go along when another host is what it leads to", async () => {
    const elsewhere = await openWorkshop();
    onTestFinished(() => elsewhere.close());
    elsewhere.mirror.put("/image", "image");
    shop.mirror.misbehave("/image", { redirectTo: `${elsewhere.mirror.url}/image` });
    await fetchOf(withPassword());
    expect(seen()).toEqual([ours]);
    expect(elsewhere.mirror.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("is in no message", async () => {
    await shop.put("cluster-desc.yml", description({ mirrors: { [SITE]: withPassword() } }));
    const [failure = ""] = await shop.failures(wanting());
    expect(failure).toMatch(/^html\/static\/image: http:\/\/\.\.\.@127.*answers 404/);
    expect(failure + shop.said.join("")).not.toMatch(/p%40ss|p@ss/);
    expect(inWords("a", "https://u:p@h/x", "https://u:p@h/x", "b https://u:p@h/y")).toBe("a: https://...@h/x: b https://...@h/y");
  });
});

test("a redirect from https to http is refused", async () => {
  const answer = { statusCode: 302, headers: { location: "http://elsewhere/image" }, destroy: () => {} };
  const web = { get: async () => answer as never };
  await expect(openHttp({ url: "https://here/image", offset: 0 }, web)).rejects.toThrow(
    "redirects from https to http://elsewhere/image, where anyone may answer",
  );
});

test.each([
  { clock: "is behind", from: 1, says: /its certificate is not valid yet; this computer's clock says \d{4}-\d\d-\d\d \d\d:\d\d UTC/ },
  { clock: "is ahead", from: -2, says: /its certificate has expired; this computer's clock says .*: if that is wrong, set it/ },
])("a certificate that is not valid now: the clock may be what $clock, and is told", async ({ from, says }) => {
  const { key, cert } = certificate(new Date(Date.now() + from * DAY), new Date(Date.now() + (from + 1) * DAY));
  const server = createServer({ key, cert }, (_, response) => void response.end("x"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  await shop.put("ca.pem", cert);
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const env = { PATH: process.env["PATH"], NODE_EXTRA_CA_CERTS: shop.path("ca.pem") };
  const { stdout } = await run(process.execPath, ["--import", import.meta.resolve("tsx"), "test/support/read-url.ts", url], { env });
  expect(stdout).toMatch(says);
});

function certificate(notBefore: Date, notAfter: Date): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048);
  const made = forge.pki.createCertificate();
  made.publicKey = publicKey;
  made.serialNumber = "01";
  made.validity = { notBefore, notAfter };
  const name = [{ name: "commonName", value: "mirror" }];
  made.setSubject(name);
  made.setIssuer(name);
  made.setExtensions([
    { name: "basicConstraints", cA: true },
    { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
  ]);
  made.sign(privateKey, forge.md.sha256.create());
  return { key: forge.pki.privateKeyToPem(privateKey), cert: forge.pki.certificateToPem(made) };
}

describe("a disk", () => {
  /** The bsroot is a file system of its own, in a mount namespace that ends with the build. */
  async function buildOnDisk(options: string, names: readonly string[]): Promise<{ said: string; left: readonly string[] }> {
    mkdirSync(shop.path("small"));
    const script = `mount -t tmpfs -o ${options} tmpfs "$1" && cp -r "$2/bsroot/tls" "$1/tls" && shift 2 && "$@" && echo && find "$OUT" -type f ! -path '*/tls/*' ! -name files.json`;
    const program = [process.execPath, "--import", import.meta.resolve("tsx"), "test/support/build-files.ts"];
    const urls = names.map((name) => `${shop.mirror.url}/${name}`);
    const args = [
      "--mount",
      "sh",
      "-c",
      script,
      "sh",
      shop.path("small"),
      shop.folder,
      ...program,
      shop.folder,
      shop.path("small"),
      ...urls,
    ];
    const { stdout } = await run("unshare", args, { env: { ...process.env, OUT: shop.path("small") } });
    const [said = "", ...left] = stdout.trim().split("\n");
    return { said, left };
  }

  test("that a source without a length would fill is left with room", async () => {
    shop.mirror.put("/image", Buffer.alloc(60e6));
    shop.mirror.misbehave("/image", { chunked: true });
    const { said, left } = await buildOnDisk("size=100m", ["image"]);
    expect(said).toMatch(/image: needs .*, and the disk has .* too little; make room or choose another --out/);
    expect(left.filter((path) => !/\.part(\.json)?$/.test(path))).toEqual([]);
  });

  test("that is full is told as what it is, and what arrived waits for the next build", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `file-${index}`);
    for (const name of names) shop.mirror.put(`/${name}`, name);
    const { said, left } = await buildOnDisk("size=100m,nr_inodes=40", names);
    expect(said).toMatch(/the disk is full, or has no room for one more file name; make room/);
    expect(left.filter((path) => path.includes("manifest.json"))).toEqual([]);
  });
});

test("what a source's trouble was is told while it is waited for", async () => {
  shop.mirror.put("/image", "the image");
  shop.mirror.misbehave("/image", { status: 503, retryAfter: "1", times: 1 });
  await shop.build(wanting());
  expect(shop.said.join("")).toContain("html/static/image: answers 503; trying again in 1.0 s\n");
});
