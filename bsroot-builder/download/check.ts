import type { Hash } from "node:crypto";
import type { Verify } from "../../cluster/extension.ts";
import { type Expected, SignatureError } from "../verify/openpgp.ts";
import { SumsError } from "../verify/sums.ts";
import type { Delivery } from "./delivery.ts";
import { DownloadError } from "./error.ts";
import { fetchPart } from "./fetch.ts";
import type { Group } from "./groups.ts";
import type { Part } from "./part.ts";
import { signatureOf, sumsOf } from "./published.ts";

export interface Checked {
  readonly part: Part;
  readonly size: number;
  readonly sha256: string;
}

/** `target`: where the .part grows. Throws DownloadError; bytes that are wrong do not stay. */
export async function fetchChecked(group: Group, target: string, delivery: Delivery): Promise<Checked> {
  const demand = await demandOf(group, delivery);
  const algorithms = [...new Set(["sha256", ...demand.vouched.map(({ algorithm }) => algorithm)])];
  const name = group.wanted[0]!.artifact.path;
  const job = {
    target,
    url: delivery.site.locate(group.url),
    hashes: algorithms,
    ...(demand.size !== undefined && { size: demand.size }),
    hashKnown: demand.sha256 !== undefined,
    progress: (received: number, size: number | undefined) => delivery.progress.moved(name, received, size),
    retry: (because: string, pause: number) => delivery.progress.say(`${name}: ${because}; trying again in ${inSeconds(pause)}`),
  };
  for (let again = false; ; again = true) {
    const fetched = await fetchPart(job, delivery.tools);
    const hashOf = (algorithm: string): Hash => fetched.hashes[algorithms.indexOf(algorithm)]!.copy();
    const sha256 = hashOf("sha256").digest("hex");
    const wrong = await objection(sha256, hashOf, demand, delivery);
    if (wrong === undefined) return { part: fetched.part, size: fetched.part.received, sha256 };
    await fetched.part.discard();
    // A beginning that was left by an earlier run may be what is wrong; a whole download that is wrong stays wrong.
    if (again || !fetched.continued) throw new DownloadError(wrong);
  }
}

/** What the bytes are held against. */
interface Demand {
  readonly size?: number;
  readonly sha256?: string;
  /** Who says so. */
  readonly by?: "the description" | "sextant.lock";
  /** By a signature, a file of hashes, or both. */
  readonly vouched: readonly Expected[];
}

async function demandOf({ url, verify, wanted, isArchive }: Group, delivery: Delivery): Promise<Demand> {
  const pin = isArchive ? undefined : wanted.find((one) => one.pin)?.pin;
  const size = pin?.size ?? wanted.find(({ artifact }) => artifact.size !== undefined)?.artifact.size;
  if (verify.by === "sha256") return { sha256: verify.sha256, by: "the description", vouched: [], ...(size !== undefined && { size }) };
  if (pin) return { sha256: pin.sha256, size: pin.size, by: "sextant.lock", vouched: [] };
  const vouched = await vouchedOf(verify, url, delivery);
  return { vouched, ...(size !== undefined && { size }) };
}

async function vouchedOf(verify: Verify, url: string, delivery: Delivery): Promise<readonly Expected[]> {
  if (verify.by === "sums") return [await sumsOf(verify, url, delivery)];
  if (verify.by !== "openpgp") return [];
  const { sums } = verify;
  return Promise.all([signatureOf(verify, delivery), ...(sums === undefined ? [] : [sumsOf({ by: "sums", sums }, url, delivery)])]);
}

async function objection(
  sha256: string,
  hashOf: (algorithm: string) => Hash,
  demand: Demand,
  { now }: Delivery,
): Promise<string | undefined> {
  if (demand.sha256 !== undefined && demand.sha256 !== sha256) {
    const wayOut =
      demand.by === "sextant.lock"
        ? "if the source was changed on purpose, run build --update"
        : "if the source was changed on purpose, correct the hash";
    return `has SHA-256 ${sha256}, but ${demand.by} says ${demand.sha256}; ${wayOut}, else fetch from another place with mirrors:`;
  }
  try {
    for (const { algorithm, check } of demand.vouched) await check(hashOf(algorithm), now());
    return undefined;
  } catch (error) {
    if (error instanceof SumsError) return error.message;
    if (!(error instanceof SignatureError)) throw error;
    return `is not validly signed: ${error.message}`;
  }
}

const inSeconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
