/** What a publisher says of a file's bytes before they come: in a signature, or in a file of hashes that may be signed itself. */
import { createHash, type Hash } from "node:crypto";
import type { Signed, Verify } from "../../cluster/extension.ts";
import { type Expected, expectSignature, SignatureError } from "../verify/openpgp.ts";
import { SumsError, sumOf } from "../verify/sums.ts";
import type { Delivery } from "./delivery.ts";
import { DownloadError, messageOf } from "./error.ts";

/** Throws DownloadError. */
export async function signatureOf(signed: Signed, delivery: Delivery): Promise<Expected> {
  const [signature, key] = await Promise.all([text("signature", signed.signature, delivery), text("key", signed.key, delivery)]);
  try {
    return await expectSignature(signature, key, signed.fingerprint);
  } catch (error) {
    throw asDownloadError(error, `its signature ${delivery.site.locate(signed.signature)}`);
  }
}

/** Throws DownloadError, also when the file of hashes has a signature that does not hold. `url`: where the bytes come from. */
export async function sumsOf({ sums, entry, signed }: Verify & { by: "sums" }, url: string, delivery: Delivery): Promise<Expected> {
  const where = delivery.site.locate(sums);
  const bytes = await text("file of hashes", sums, delivery);
  const signature = signed && (await signatureOf(signed, delivery));
  try {
    await signature?.check(createHash(signature.algorithm).update(bytes), delivery.now());
    const { algorithm, hex } = sumOf(new TextDecoder().decode(bytes), entry ?? lastPart(url));
    return { algorithm, check: async (hash) => refuseOther(hash, hex, where) };
  } catch (error) {
    if (error instanceof SumsError) throw new DownloadError(`its file of hashes ${where} ${error.message}`, { cause: error });
    if (error instanceof SignatureError)
      throw new DownloadError(`its file of hashes ${where} is not validly signed: ${error.message}`, { cause: error });
    throw error;
  }
}

function refuseOther(hash: Hash, hex: string, where: string): void {
  const came = hash.digest("hex");
  if (came === hex) return;
  const wayOut = "one of the two is damaged or not its publisher's, so fetch from another place with mirrors:";
  throw new SumsError(`hashes to ${came}, but ${where} says ${hex}; ${wayOut}`);
}

async function text(what: string, url: string, { small, site }: Delivery): Promise<Uint8Array> {
  try {
    return await small.get(site.locate(url));
  } catch (error) {
    throw asDownloadError(error, `its ${what} ${site.locate(url)}`);
  }
}

const lastPart = (url: string): string => decodeURIComponent(new URL(url).pathname.split("/").at(-1)!);

const asDownloadError = (error: unknown, subject: string): DownloadError =>
  new DownloadError(`${subject}: ${messageOf(error)}`, { cause: error });
