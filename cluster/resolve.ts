/** Puts the versions pinned in sextant.lock where the description says "current". */
import type { Architecture, Cluster, Os } from "./cluster.ts";
import { resolveReleases } from "./kubernetes/releases.ts";
import type { Lock } from "./layout.ts";

/** A lock file that does not go with the description. */
export class LockError extends Error {
  override readonly name = "LockError";
}

/** The key under which sextant.lock keeps what "current" was; undefined when `os` already names its version. */
export function lockKey(os: Os, architecture: Architecture): string | undefined {
  if (!("version" in os) || os.version !== "current") return undefined;
  const line = "channel" in os ? os.channel : "stream" in os ? os.stream : undefined;
  return [os.target, ...(line === undefined ? [] : [line]), architecture].join("/");
}

/** The same cluster without any "current". Throws LockError naming every version the lock lacks. */
export function resolve(cluster: Cluster, lock: Pick<Lock, "versions">): Cluster {
  const missing = new Set<string>();
  const exact = <T extends { readonly os: Os; readonly architecture: Architecture }>(one: T): T => {
    const key = lockKey(one.os, one.architecture);
    if (key === undefined) return one;
    const version = Object.hasOwn(lock.versions, key) ? lock.versions[key] : undefined;
    if (version === undefined) missing.add(key);
    return version === undefined ? one : { ...one, os: { ...one.os, version } };
  };
  const resolved = resolveReleases({ ...cluster, machines: cluster.machines.map(exact) }, (key) => {
    if (Object.hasOwn(lock.versions, key)) return lock.versions[key];
    missing.add(key);
    return undefined;
  });
  const unlisted = cluster.unlisted.become === "worker" ? exact(cluster.unlisted) : cluster.unlisted;
  if (missing.size > 0) {
    throw new LockError(
      `sextant.lock has no version for ${[...missing].join(", ")}; run bsroot-builder build with internet access, so that it looks up what "current" is`,
    );
  }
  return { ...resolved, unlisted };
}
