/** Control planes that bring a member of etcd join one after another: a cluster that just grew cannot always grow again. Pure. */
import type { Mac } from "../../cluster/address.ts";

/** Who joins now. Times are milliseconds since 1970. */
export interface Joining {
  readonly mac: Mac;
  readonly since: number;
}

/** Milliseconds; who has not joined after that makes room. */
export const PATIENCE = 900_000;

/** undefined: it may join now, and is the one that does. */
export function otherThatJoins(joining: Joining | undefined, mac: Mac, now: number): Mac | undefined {
  return joining && joining.mac !== mac && now - joining.since <= PATIENCE ? joining.mac : undefined;
}
