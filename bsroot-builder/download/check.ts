import { type Expected, SignatureError } from "../verify/openpgp.ts";
import { SumsError } from "../verify/sums.ts";
import type { Delivery } from "./delivery.ts";
import { DownloadError } from "./error.ts";
import { type Fetched, fetchPart } from "./fetch.ts";
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
  const name = group.wanted[0]!.artifact.path;
  const job = {
    target,
    url: delivery.site.locate(group.url),
    hashes: demand.vouched ? ["sha256", demand.vouched.algorithm] : ["sha256"],
    ...(demand.size !== undefined && { size: demand.size }),
    hashKnown: demand.sha256 !== undefined,
    progress: (received: number, size: number | undefined) => delivery.progress.moved(name, received, size),
    retry: (because: string, pause: number) => delivery.progress.say(`${name}: ${because}; trying again in ${inSeconds(pause)}`),
  };
  for (let again = false; ; again = true) {
    const fetched = await fetchPart(job, delivery.tools);
    const sha256 = fetched.hashes[0]!.copy().digest("hex");
    const wrong = await objection(fetched, sha256, demand, delivery);
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
  /** By a signature or a file of hashes. */
  readonly vouched?: Expected;
}

async function demandOf({ url, verify, wanted, isArchive }: Group, delivery: Delivery): Promise<Demand> {
  const pin = isArchive ? undefined : wanted.find((one) => one.pin)?.pin;
  const size = pin?.size ?? wanted.find(({ artifact }) => artifact.size !== undefined)?.artifact.size;
  if (verify.by === "sha256") return { sha256: verify.sha256, by: "the description", ...(size !== undefined && { size }) };
  if (pin) return { sha256: pin.sha256, size: pin.size, by: "sextant.lock" };
  if (verify.by === "first-use") return size === undefined ? {} : { size };
  const vouched = await (verify.by === "sums" ? sumsOf(verify, url, delivery) : signatureOf(verify, delivery));
  return { vouched, ...(size !== undefined && { size }) };
}

async function objection({ hashes }: Fetched, sha256: string, demand: Demand, { now }: Delivery): Promise<string | undefined> {
  if (demand.sha256 !== undefined && demand.sha256 !== sha256) {
    const wayOut =
      demand.by === "sextant.lock"
        ? "if the source was changed on purpose, run build --update"
        : "if the source was changed on purpose, correct the hash";
    return `has SHA-256 ${sha256}, but ${demand.by} says ${demand.sha256}; ${wayOut}, else fetch from another place with mirrors:`;
  }
  try {
    await demand.vouched?.check(hashes[1]!, now());
    return undefined;
  } catch (error) {
    if (error instanceof SumsError) return error.message;
    if (!(error instanceof SignatureError)) throw error;
    return `is not validly signed: ${error.message}`;
  }
}

const inSeconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
