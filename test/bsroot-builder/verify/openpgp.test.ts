import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readKey } from "openpgp";
import { beforeAll, describe, expect, test } from "vitest";
import { expectSignature } from "../../../bsroot-builder/verify/openpgp.ts";
import { newSigner, type Signer } from "../../support/signing.ts";

const image = Buffer.from("the bytes of an operating system".repeat(1000));
const DAY = 24 * 3600;
const daysAgo = (days: number): Date => new Date(Date.now() - days * DAY * 1000);

let signer: Signer;
let stranger: Signer;
beforeAll(async () => {
  [signer, stranger] = await Promise.all([newSigner(), newSigner()]);
});

async function judge(bytes: Uint8Array, signature: Uint8Array, keys: string, fingerprint: string, now = new Date()): Promise<string> {
  try {
    const expected = await expectSignature(signature, Buffer.from(keys), fingerprint);
    await expected.check(createHash(expected.algorithm).update(bytes), now);
    return "good";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a detached signature", () => {
  test("is good when the primary key is pinned and its subkey signed", async () => {
    expect(await judge(image, await signer.sign(image), signer.publicKey, signer.primary)).toBe("good");
  });

  test("is good when the very subkey is pinned", async () => {
    expect(await judge(image, await signer.sign(image), signer.publicKey, signer.subkey)).toBe("good");
  });

  test("by another part of the key is refused when one subkey is pinned", async () => {
    const byPrimary = await signer.signWithPrimary(image);
    expect(await judge(image, byPrimary, signer.publicKey, signer.primary)).toBe("good");
    expect(await judge(image, byPrimary, signer.publicKey, signer.subkey)).toBe(
      `is signed by ${signer.primary}, but only ${signer.subkey} may sign it`,
    );
  });

  test("is good by an RSA key, as Flatcar's is, and in armor", async () => {
    const rsa = await newSigner({ type: "rsa" });
    expect(await judge(image, await rsa.sign(image), rsa.publicKey, rsa.primary)).toBe("good");
  });

  test("is good when its key file holds other keys too", async () => {
    expect(await judge(image, await signer.sign(image), `${stranger.publicKey}\n${signer.publicKey}`, signer.primary)).toBe("good");
  });

  test("does not hold for other bytes", async () => {
    const other = Buffer.from(image);
    other[5] = other[5]! ^ 1;
    expect(await judge(other, await signer.sign(image), signer.publicKey, signer.primary)).toMatch(/not the ones that were signed/);
  });

  test("by a stranger is refused, though the right key is there", async () => {
    expect(await judge(image, await stranger.sign(image), signer.publicKey, signer.primary)).toMatch(/is signed by [0-9A-F]{16}, not by/);
  });

  test("by a stranger who also brings his key is refused", async () => {
    expect(await judge(image, await stranger.sign(image), stranger.publicKey, signer.primary)).toMatch(
      new RegExp(`holds ${stranger.primary}, not the expected ${signer.primary}`),
    );
  });

  test("by another key is refused when both keys are there", async () => {
    expect(await judge(image, await stranger.sign(image), signer.publicKey + stranger.publicKey, signer.primary)).toMatch(
      /not by a key of/,
    );
  });

  test("of the future hints at the clock", async () => {
    const signature = await signer.sign(image);
    expect(await judge(image, signature, signer.publicKey, signer.primary, daysAgo(1))).toMatch(/in the future.*clock/);
  });

  test.each(["", "not a signature", "-----BEGIN PGP SIGNATURE-----\n\nrubbish\n-----END PGP SIGNATURE-----\n"])(
    "that is %j is refused",
    async (text) => {
      expect(await judge(image, Buffer.from(text), signer.publicKey, signer.primary)).toMatch(/signature cannot be read|is signed by/);
    },
  );

  test("with a key file that is a web page is refused", async () => {
    expect(await judge(image, await signer.sign(image), "<html>", signer.primary)).toMatch(/key file cannot be read/);
  });
});

describe("a key that has expired", () => {
  let old: Signer;
  beforeAll(async () => {
    old = await newSigner({ made: daysAgo(30), life: 10 * DAY });
  });

  test("still vouches for what it signed while it was valid", async () => {
    expect(await judge(image, await old.sign(image, daysAgo(25)), old.publicKey, old.primary)).toBe("good");
  });

  test("does not vouch for what it signed afterwards", async () => {
    const verdict = await judge(image, await old.sign(image, daysAgo(5)), old.publicKey, old.primary);
    expect(verdict).toMatch(new RegExp(`the signature is of \\d{4}-\\d\\d-\\d\\d, when the key ${old.primary} or its subkey had expired`));
  });
});

test("a file signed anew after a change of keys is judged by the newest signature", async () => {
  const both = Buffer.concat([await signer.sign(Buffer.from("an older image"), daysAgo(0.01)), await signer.sign(image)]);
  expect(await judge(image, both, signer.publicKey, signer.primary)).toBe("good");
});

test("what the published tool gpgv calls good, we call good, and the reverse", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sextant-gpgv-"));
  const rsa = await newSigner({ type: "rsa" });
  const signature = await rsa.sign(image);
  await writeFile(join(folder, "image.sig"), signature);
  await writeFile(join(folder, "image"), image);
  await writeFile(join(folder, "key.gpg"), (await readKey({ armoredKey: rsa.publicKey })).write());
  const gpgv = (file: string) => spawnSync("gpgv", ["--keyring", join(folder, "key.gpg"), join(folder, "image.sig"), file]).status;
  expect(gpgv(join(folder, "image"))).toBe(0);
  expect(await judge(image, signature, rsa.publicKey, rsa.primary)).toBe("good");
  await writeFile(join(folder, "other"), "other");
  expect(gpgv(join(folder, "other"))).not.toBe(0);
  expect(await judge(Buffer.from("other"), signature, rsa.publicKey, rsa.primary)).not.toBe("good");
  await rm(folder, { recursive: true });
});
