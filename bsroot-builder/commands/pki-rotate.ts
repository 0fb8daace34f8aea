/** pki rotate: what exchanging a CA takes, and doing it where that can be done from here. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { controlPlanes, etcdOfRole } from "../../cluster/queries.ts";
import { NO_ROTATION } from "../pki/no-rotation.ts";
import { readIfThere } from "../pki/plan.ts";
import { rotateCa, signedBy } from "../pki/rotate.ts";
import { type Authority, authorities, leaves, type Succession } from "../pki/wanted.ts";
import { Failure } from "./failure.ts";
import { alone, ownDescription } from "./own-description.ts";
import { refuseUnfinished } from "./pki-renew.ts";

/** The plan, one line for each step. Throws Failure when it cannot be done from here, with what can be done instead. */
export async function planRotation(bsroot: string, name: string, now: Date): Promise<readonly string[]> {
  const cluster = await ownDescription(bsroot);
  const { ca, succession } = choose(cluster, name);
  await refuseUnfinished(bsroot, bsroot, now);
  await refuseTwice(bsroot, ca, succession, now);
  const end = new X509Certificate(await readFile(join(bsroot, ca.certificate))).validTo;
  const { before, beforeKey, bridge } = succession;
  return [
    `${ca.certificate}: a new CA, and behind it the one that is there`,
    `${before}, ${beforeKey}: the pair that is there, kept`,
    `${bridge}: the new CA's key, certified by the one that is there`,
    `issued again, for the same keys: ${signedBy(ca, cluster)
      .map((leaf) => leaf.name)
      .join(", ")}`,
    ...(ca.certificate === layout.tls.ca ? giveToAll(cluster, end) : installAgain(cluster, end)),
  ];
}

const giveToAll = (cluster: Cluster, end: string): readonly string[] => [
  `The nodes that are installed go on believing the bootstrapper until ${end}, when the old CA ends, and have to be given the new one before:`,
  `  ${layout.tls.ca} as /etc/sextant/ca.pem, or install them again: ${namesOf(cluster.machines)}`,
  "Machines installed from now on believe both. Whoever has ca.pem to use the API or the registry should take the new one.",
];

/** Each shows what the others know already, old or new, so there is no order to keep but one at a time. */
function installAgain(cluster: Cluster, end: string): readonly string[] {
  const serves = cluster.kubernetes.version !== undefined;
  const who = serves ? "The members of etcd and the API servers" : "The members of etcd";
  return [
    `${who} that are installed believe those which are installed from now on until ${end}, when the old CA ends.`,
    `  Install them again before, one after the other: ${namesOf([...etcdOfRole(cluster), ...(serves ? controlPlanes(cluster) : [])])}`,
  ];
}

const namesOf = (machines: Cluster["machines"]): string => [...new Set(machines.map(({ name }) => name))].join(", ");

/** Throws Failure. */
export async function rotate(bsroot: string, name: string, now: Date): Promise<void> {
  const cluster = await ownDescription(bsroot);
  const { ca, succession } = choose(cluster, name);
  await alone(bsroot, async (root) => {
    await refuseUnfinished(root, bsroot, now);
    await refuseTwice(root, ca, succession, now);
    await rotateCa(root, cluster, ca, succession, now);
  });
}

function choose(cluster: Cluster, name: string): { readonly ca: Authority; readonly succession: Succession } {
  const all = authorities(cluster);
  const ca = all.find((one) => one.name === name);
  if (ca?.succession) return { ca, succession: ca.succession };
  const reasons = NO_ROTATION[name];
  if (reasons) throw new Failure([`${name}: cannot be exchanged from here`, ...reasons.map((reason) => `  ${reason}`)]);
  if (leaves(cluster).some((leaf) => leaf.name === name)) throw new Failure([`${name}: is no CA; bsroot-builder pki renew ${name}`]);
  throw new Failure([`${name}: is no CA of this bsroot; there are ${all.map((one) => one.name).join(", ")}`]);
}

/** A node that knows only the CA before the one before would believe nobody any more. */
async function refuseTwice(root: string, ca: Authority, { before, beforeKey, bridge }: Succession, now: Date): Promise<void> {
  const text = await readIfThere(join(root, before));
  if (text === undefined || Date.parse(new X509Certificate(text).validTo) <= now.getTime()) return;
  throw new Failure([
    `${ca.name}: was exchanged already, and nodes may still know only the CA before it; when all have the new one, delete ${before}, ${beforeKey} and ${bridge}, and rotate again`,
  ]);
}
