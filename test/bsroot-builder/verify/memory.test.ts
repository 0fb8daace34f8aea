import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newSigner } from "../../support/signing.ts";
import { openWorkshop, type Workshop } from "../../support/workshop.ts";

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

test("verifying the signature of a large image takes far less memory than the image", async () => {
  const image = Buffer.alloc(128 << 20, "an operating system ");
  const signer = await newSigner({ type: "rsa" });
  await shop.put("image", image);
  await shop.put("image.sig", await signer.sign(image));
  await shop.put("key.asc", signer.publicKey);
  const script = resolve("test/support/measured-build.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    import.meta.resolve("tsx"),
    script,
    shop.folder,
    signer.primary,
  ]);
  expect((await shop.lock()).artifacts["html/static/image"]!.size).toBe(image.length);
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(Number(stdout)).toBeLessThan(0.75 * image.length);
});
