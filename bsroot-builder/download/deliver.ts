/** One group from its source to its places: fetched, checked, pinned, and only then named. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { type LockedArtifact, layout } from "../../cluster/layout.ts";
import { lockedUrl, verifiedAs } from "../lock.ts";
import { placeAgain, syncFolder } from "../write/atomic.ts";
import { lookAt } from "../write/notes.ts";
import { takeMembers } from "./archive.ts";
import { type Checked, fetchChecked } from "./check.ts";
import type { Delivery, Wanted } from "./delivery.ts";
import { DownloadError } from "./error.ts";
import type { Group } from "./groups.ts";
import { lookAtSource } from "./survey.ts";

/** Throws DownloadError; no file that is wrong gets its name. */
export async function deliver(group: Group, delivery: Delivery): Promise<void> {
  const { root } = delivery.site;
  if (!group.isArchive) {
    const checked = await fetchChecked(group, join(root, group.wanted[0]!.artifact.path), delivery);
    return settle(group.wanted, checked, delivery);
  }
  const name = createHash("sha256").update(group.url).digest("hex").slice(0, 16);
  const archive = await fetchChecked(group, join(root, layout.build, `archive-${name}`), delivery);
  const places = byMember(group.wanted);
  const targets = new Map([...places].map(([member, [first]]) => [member, join(root, first!.artifact.path)]));
  const parts = await takeMembers(archive.part.path, targets);
  for (const [member, wanted] of places) {
    const part = parts.get(member)!;
    const sha256 = part.hashes()[0]!.digest("hex");
    refuseOtherMember(wanted, member, sha256);
    await settle(wanted, { part, size: part.received, sha256 }, delivery);
  }
  await archive.part.discard();
}

/** Pins the bytes, gives them their first name, then the others. */
async function settle(wanted: readonly Wanted[], { part, size, sha256 }: Checked, { site, lock }: Delivery): Promise<void> {
  const source = await lookAtSource(site.locate(wanted[0]!.artifact.url));
  await part.complete();
  const first = join(site.root, wanted[0]!.artifact.path);
  for (const { artifact } of wanted) {
    const pin: LockedArtifact = { url: lockedUrl(artifact), size, sha256, verified: verifiedAs(artifact) };
    await lock.pin(artifact.path, pin);
  }
  await part.place(first);
  await syncFolder(dirname(first));
  for (const { artifact } of wanted) {
    const path = join(site.root, artifact.path);
    if (path !== first) await placeAgain(first, path);
    await site.notes.set(artifact.path, { ...(await lookAt(path))!, sha256, ...(source && { source }) });
  }
}

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
