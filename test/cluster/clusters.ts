/** Clusters to ask and to resolve, read from the fixtures. */
import type { Cluster } from "../../cluster/cluster.ts";
import { parse } from "../../cluster/parse.ts";
import { fixture } from "./golden.ts";

export function cluster(name: string): Cluster {
  const parsed = parse(fixture(name), name);
  if (!parsed.ok) throw new Error(`${name} has mistakes`);
  return parsed.cluster;
}
