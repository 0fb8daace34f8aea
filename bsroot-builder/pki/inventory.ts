/** What lies in bsroot/tls, until when it holds, and who renews it. */
import type { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { parse } from "./judge.ts";
import { readIfThere } from "./plan.ts";
import { type Authority, authorities, type Leaf, leaves, RENEW_BEFORE } from "./wanted.ts";

export interface Entry {
  /** As `renew` and `rotate` take it. */
  readonly name: string;
  readonly use: string;
  /** Inside bsroot. */
  readonly path: string;
  /** "RSA 2048", "ECDSA P-256"; absent when there is no such file, or nothing that can be read. */
  readonly key?: string;
  /** The day, as in 2036-11-18; absent for what never expires. */
  readonly expires?: string;
  /** Whole days; below zero once it has expired. */
  readonly daysLeft?: number;
  readonly renewedBy: string;
}

const DAY = 86_400_000;

/** Reads; what is not there yet is listed without dates. */
export async function inventory(root: string, cluster: Cluster, now: Date): Promise<readonly Entry[]> {
  const read = async (held: Authority | Leaf): Promise<X509Certificate | undefined> =>
    parse((await readIfThere(join(root, held.certificate))) ?? "");
  const signing = await Promise.all(authorities(cluster).map(async (ca) => entry(ca, await read(ca), now, byRotation(ca))));
  const signed = await Promise.all(
    leaves(cluster).map(async (leaf) => {
      const found = await read(leaf);
      return entry(leaf, found, now, found ? byBuild(leaf, found) : "the next build");
    }),
  );
  const replaced = await Promise.all(authorities(cluster).map(async (ca) => entriesBefore(ca, await readBefore(root, ca), now)));
  return [...signing, ...replaced.flat(), ...signed, ...(cluster.kubernetes.version === undefined ? [] : UNDATED)];
}

/** They hold until the operator exchanges them. */
const UNDATED: readonly Entry[] = [
  { name: "service-account", use: "signs the tokens of pods", path: layout.tls.serviceAccountKey, renewedBy: "nobody; see pki rotate" },
  { name: "encryption", use: "encrypts Secrets in etcd", path: layout.tls.encryption, renewedBy: "nobody; see pki rotate" },
];

const readBefore = async (root: string, { succession }: Authority): Promise<string | undefined> =>
  succession && readIfThere(join(root, succession.before));

/** The CA that this one took the place of. */
function entriesBefore({ name, succession }: Authority, before: string | undefined, now: Date): readonly Entry[] {
  if (!succession || before === undefined) return [];
  const held = { name: `${name} before`, use: "nodes believe it that were installed before", certificate: succession.before };
  return [entry(held, parse(before), now, "nobody; delete it when every node has the new one")];
}

function entry(
  { name, use, certificate: path }: Pick<Leaf, "name" | "use" | "certificate">,
  found: X509Certificate | undefined,
  now: Date,
  renewedBy: string,
): Entry {
  if (!found) return { name, use, path, renewedBy };
  const end = Date.parse(found.validTo);
  return { name, use, path, key: keyOf(found), expires: day(end), daysLeft: Math.floor((end - now.getTime()) / DAY), renewedBy };
}

const byRotation = ({ succession, name }: Authority): string => (succession ? `pki rotate ${name}` : "nobody; see pki rotate");

/** A build can give nothing to a node that runs. */
const byBuild = ({ onNodes }: Leaf, found: X509Certificate): string =>
  `a build from ${day(Date.parse(found.validTo) - RENEW_BEFORE)} on${onNodes ? "; on the node when it is installed again" : ""}`;

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

function keyOf({ publicKey }: X509Certificate): string {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return `RSA ${modulusLength}`;
  return namedCurve === "prime256v1" ? "ECDSA P-256" : String(publicKey.asymmetricKeyType);
}
