/** One group from its source to its places: fetched, checked, pinned, and only then named. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { type LockedArtifact, layout } from "../../cluster/layout.ts";
import { lockedUrl, verifiedAs } from "../lock.ts";
import { placeLightly } from "../write/atomic.ts";
import { lookAt, looksTheSame } from "../write/notes.ts";
import { takeMembers } from "./archive.ts";
import { type Checked, fetchChecked } from "./check.ts";
import type { Delivery, Site, Wanted } from "./delivery.ts";
import { DownloadError } from "./error.ts";
import type { Group } from "./groups.ts";
import { lookAtSource } from "./survey.ts";

export type How = "fetched" | "reused";

/** Throws DownloadError; no file that is wrong gets its name. Answers how each artifact came. */
export async function deliver(group: Group, delivery: Delivery): Promise<ReadonlyMap<Wanted, How>> {
  const wanted = await settleFromHere(group.wanted, delivery);
  if (wanted.length > 0 && group.isArchive) await deliverMembers({ ...group, wanted }, delivery);
  if (wanted.length > 0 && !group.isArchive) {
    const checked = await fetchChecked({ ...group, wanted }, join(delivery.site.root, wanted[0]!.artifact.path), delivery);
    await settlePart(wanted, checked, delivery);
  }
  return new Map(group.wanted.map((one) => [one, wanted.includes(one) ? "fetched" : "reused"]));
}

/** Settles what needs no download: the bytes are in this bsroot, perhaps under another name, or in the cache. Answers the others. */
async function settleFromHere(wanted: readonly Wanted[], delivery: Delivery): Promise<readonly Wanted[]> {
  const missing: Wanted[] = [];
  for (const one of wanted) {
    const sha256 = knownHash(one);
    const path = join(delivery.site.root, one.artifact.path);
    const isHere = sha256 !== undefined && ((await takeTwin(sha256, path, delivery)) || (await delivery.cache.take(sha256, path)));
    if (isHere) {
      const bytes = { sha256, size: (await lookAt(path))!.size };
      await pin([one], bytes, delivery);
      await settle([one], bytes, delivery);
    } else missing.push(one);
  }
  return missing;
}

/** Of the file itself, before it is there. */
export function knownHash({ pin, artifact: { verify, member } }: Wanted): string | undefined {
  return pin?.sha256 ?? (verify.by === "sha256" && member === undefined ? verify.sha256 : undefined);
}

async function takeTwin(sha256: string, path: string, { site }: Delivery): Promise<boolean> {
  const twin = await twinOf(sha256, site);
  if (twin !== undefined && twin !== path) await placeLightly(twin, path);
  return twin !== undefined;
}

/** Where in the bsroot these bytes are already; absolute. */
export async function twinOf(sha256: string, { root, notes }: Site): Promise<string | undefined> {
  for (const other of notes.pathsOf(sha256)) {
    const look = await lookAt(join(root, other));
    if (look && looksTheSame(look, notes.get(other))) return join(root, other);
  }
  return undefined;
}

async function deliverMembers(group: Group, delivery: Delivery): Promise<void> {
  const { root } = delivery.site;
  const name = createHash("sha256").update(group.url).digest("hex").slice(0, 16);
  const archive = await fetchChecked(group, join(root, layout.build, `archive-${name}`), delivery);
  try {
    const places = byMember(group.wanted);
    const targets = new Map([...places].map(([member, [first]]) => [member, join(root, first!.artifact.path)]));
    const members = await takeMembers(archive.part.path, targets, (member, sha256) =>
      refuseOtherMember(places.get(member)!, member, sha256),
    );
    for (const [member, part] of members) {
      const sha256 = part.hashes()[0]!.digest("hex");
      await settlePart(places.get(member)!, { part, size: part.received, sha256 }, delivery);
    }
  } finally {
    await archive.part.discard();
  }
}

async function settlePart(wanted: readonly Wanted[], { part, size, sha256 }: Checked, delivery: Delivery): Promise<void> {
  await part.complete();
  await pin(wanted, { size, sha256 }, delivery);
  const first = join(delivery.site.root, wanted[0]!.artifact.path);
  await part.place(first);
  await settle(wanted, { size, sha256 }, delivery);
  await delivery.cache.keep(first, sha256);
}

type Bytes = Pick<LockedArtifact, "size" | "sha256">;

/** The first of `wanted` is in its place: gives the bytes their other names, and remembers how they look. */
async function settle(wanted: readonly Wanted[], { sha256 }: Bytes, { site }: Delivery): Promise<void> {
  const source = await lookAtSource(site.locate(wanted[0]!.artifact.url));
  const first = join(site.root, wanted[0]!.artifact.path);
  for (const { artifact } of wanted) {
    const path = join(site.root, artifact.path);
    if (path !== first) await placeLightly(first, path);
    await site.notes.set(artifact.path, { ...(await lookAt(path))!, sha256, ...(source && { source }) });
  }
}

const pin = (wanted: readonly Wanted[], { size, sha256 }: Bytes, { lock }: Delivery): Promise<void> =>
  lock.pin(
    Object.fromEntries(
      wanted.map(({ artifact }) => [artifact.path, { url: lockedUrl(artifact), size, sha256, verified: verifiedAs(artifact) }]),
    ),
  );

function byMember(wanted: readonly Wanted[]): ReadonlyMap<string, readonly Wanted[]> {
  const found = new Map<string, Wanted[]>();
  for (const one of wanted) found.set(one.artifact.member!, [...(found.get(one.artifact.member!) ?? []), one]);
  return found;
}

function refuseOtherMember(wanted: readonly Wanted[], member: string, sha256: string): void {
  const pin = wanted.find((one) => one.pin)?.pin;
  if (pin === undefined || pin.sha256 === sha256) return;
  throw new DownloadError(
    `${member} in it has SHA-256 ${sha256}, but sextant.lock says ${pin.sha256}; if it was changed on purpose, run build --update`,
  );
}
