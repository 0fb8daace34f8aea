/** sextant.lock as a value: what is pinned, read and written so that the same content is the same bytes. */
import type { Artifact, Signed } from "../cluster/extension.ts";
import type { Lock, LockedArtifact } from "../cluster/layout.ts";

export { parseLock } from "../cluster/bsroot-files.ts";

export const EMPTY: Lock = { version: 1, versions: {}, images: {}, artifacts: {} };

/** Keys in order, so that a second build writes the same bytes. */
export function formatLock({ versions, images, artifacts }: Lock): string {
  return `${JSON.stringify({ version: 1, versions: sorted(versions), images: sorted(images), artifacts: sorted(artifacts) }, null, 2)}\n`;
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** What the lock says about an artifact, provided it still speaks of the same source, checked in the same way. */
export function pinOf(lock: Lock, artifact: Artifact): LockedArtifact | undefined {
  const pin = Object.hasOwn(lock.artifacts, artifact.path) ? lock.artifacts[artifact.path] : undefined;
  if (pin?.url !== lockedUrl(artifact) || pin.verified !== verifiedAs(artifact)) return undefined;
  const known = artifact.member === undefined && artifact.verify.by === "sha256" ? artifact.verify.sha256 : pin.sha256;
  return pin.sha256 === known ? pin : undefined;
}

const WAY_OUT = "build without --locked, look at what changed in sextant.lock, and keep it";

/** Names that mean something else from day to day, and that the lock does not know yet. One line each. */
export function unpinnedNames(lock: Lock, questions: readonly { readonly key: string }[], images: readonly string[]): readonly string[] {
  const versions = questions.filter(({ key }) => !Object.hasOwn(lock.versions, key)).map(({ key }) => key);
  const tags = images.filter((image) => !image.includes("@") && !Object.hasOwn(lock.images, image));
  return [...versions, ...tags].map((name) => `${name}: sextant.lock does not pin what it is; ${WAY_OUT}`);
}

/** Files whose bytes the lock does not know yet. One line each. */
export const unpinnedArtifacts = (lock: Lock, artifacts: readonly Artifact[]): readonly string[] =>
  artifacts
    .filter((artifact) => !pinOf(lock, artifact))
    .map(({ path, url }) => `${path}: sextant.lock does not pin it (${url}); ${WAY_OUT}`);

/** What stays believed when the user asks for everything new: only what somebody else vouches for, of what does not move. */
export function forUpdate({ artifacts }: Lock): Lock {
  const vouched = Object.entries(artifacts).filter(([, { verified }]) => verified !== "first-use" && !verified.endsWith(MOVES));
  return { version: 1, versions: {}, images: {}, artifacts: Object.fromEntries(vouched) };
}

/** A member of an archive is written as the archive's URL and, behind #, its name. */
export const lockedUrl = ({ url, member }: Artifact): string => (member === undefined ? url : `${url}#${member}`);

/** `verify` speaks of what is downloaded: for a member of an archive, of the archive. */
export function verifiedAs({ verify, member }: Artifact): string {
  switch (verify.by) {
    case "openpgp":
      return `openpgp ${verify.fingerprint}${verify.moves ? MOVES : ""}`;
    case "sha256":
      return member === undefined ? "sha256" : `sha256 ${verify.sha256}`;
    case "sums":
      return [`sums ${verify.sums}`, ...(verify.entry ? [`entry ${verify.entry}`] : []), ...signedAs(verify.signed)].join(" ");
    case "first-use":
      return "first-use";
  }
}

/** Behind the word for how a file was verified whose URL has other bytes some day. */
const MOVES = ", moves";

const signedAs = (signed: Signed | undefined): readonly string[] => (signed ? [`openpgp ${signed.fingerprint}`] : []);
