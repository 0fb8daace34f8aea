/** A file is what its publisher's file of hashes says, or it does not get its name. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Verify } from "../../../cluster/extension.ts";
import { newSigner } from "../../support/signing.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

const SITE = "https://images.example.com";
const hashOf = (text: string, algorithm = "sha256"): string => createHash(algorithm).update(text).digest("hex");

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  await shop.put("cluster-desc.yml", description({ mirrors: { [SITE]: shop.mirror.url } }));
  shop.mirror.put("/v1/image", "the image");
});
afterEach(() => shop.close());

const image = (more: Partial<Verify & { by: "sums" }> = {}) =>
  registryOf(() => [{ path: "html/static/image", url: `${SITE}/v1/image`, verify: { by: "sums", sums: `${SITE}/v1/SUMS`, ...more } }]);
const isThere = () => existsSync(shop.path("bsroot/html/static/image"));

test.each(["sha256", "sha512"])("bytes with the published %s are taken, and the lock says who vouched", async (algorithm) => {
  shop.mirror.put("/v1/SUMS", `${hashOf("another", algorithm)}  other\n${hashOf("the image", algorithm)}  image\n`);
  await shop.build(image());
  expect((await shop.lock()).artifacts["html/static/image"]).toMatchObject({
    sha256: hashOf("the image"),
    verified: `sums ${SITE}/v1/SUMS`,
  });
});

test("a second build asks nobody, and another file of hashes makes it ask again", async () => {
  shop.mirror.put("/v1/SUMS", hashOf("the image"));
  shop.mirror.put("/v1/MORE", `${hashOf("the image")}  image`);
  await shop.build(image());
  shop.mirror.requests.length = 0;
  await shop.build(image());
  expect(shop.mirror.requests).toEqual([]);
  await shop.build(image({ sums: `${SITE}/v1/MORE` }));
  expect(shop.mirror.requests.map(({ path }) => path)).toContain("/v1/MORE");
});

test.each([
  {
    when: "other bytes came",
    sums: `${hashOf("meant")}  image`,
    says: /image: http\S+ \(mirror of \S+\): hashes to \w+, but http\S+SUMS says/,
  },
  { when: "the hashes are a login page", sums: "<html>log in</html>", says: /its file of hashes http\S+SUMS.* (web|login) page/ },
  { when: "the file is not in it", sums: `${hashOf("the image")}  other`, says: /names no SHA-256 or SHA-512 of image/ },
  { when: "there are no hashes", sums: undefined, says: /its file of hashes http\S+SUMS: .*404/ },
])("when $when the file does not get its name", async ({ sums, says }) => {
  if (sums !== undefined) shop.mirror.put("/v1/SUMS", sums);
  expect((await shop.failures(image())).join("\n")).toMatch(says);
  expect(isThere()).toBe(false);
});

test("a signed file of hashes counts when its signature holds, and only then", async () => {
  const signer = await newSigner();
  const sums = `${hashOf("the image")}  image\n`;
  const signed = { signature: `${SITE}/v1/SUMS.sig`, key: `${SITE}/key.asc`, fingerprint: signer.primary };
  shop.mirror.put("/key.asc", signer.publicKey);
  shop.mirror.put("/v1/SUMS", sums);
  shop.mirror.put("/v1/SUMS.sig", await signer.sign(Buffer.from("other hashes\n")));
  expect((await shop.failures(image({ signed }))).join("\n")).toMatch(/its file of hashes \S+ is not validly signed: the bytes are not/);
  expect(isThere()).toBe(false);
  shop.mirror.put("/v1/SUMS.sig", await signer.sign(Buffer.from(sums)));
  await shop.build(image({ signed }));
  expect((await shop.lock()).artifacts["html/static/image"]!.verified).toBe(`sums ${SITE}/v1/SUMS openpgp ${signer.primary}`);
});
