/** pki renew: certificates by their names, issued again by the CAs that are there. */

import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import { NO_ROTATION } from "../pki/no-rotation.ts";
import { planTls } from "../pki/plan.ts";
import { renewLeaves } from "../pki/renew.ts";
import { authorities, leaves } from "../pki/wanted.ts";
import { Failure } from "./failure.ts";
import { alone, ownDescription } from "./own-description.ts";

export interface RenewOptions {
  readonly names: readonly string[];
  readonly all: boolean;
  readonly newKeys: boolean;
}

export interface Renewed {
  readonly name: string;
  /** The day, as in 2029-02-24. */
  readonly expires: string;
  /** Its node has the one before until it is installed again. */
  readonly onNodes: boolean;
}

/** Throws Failure, with nothing changed, for a name that is not there or is not to be renewed. */
export async function renew(bsroot: string, { names, all, newKeys }: RenewOptions, now: Date): Promise<readonly Renewed[]> {
  const cluster = await ownDescription(bsroot);
  const known = leaves(cluster);
  if (all === names.length > 0) throw new Failure([`name what to renew, or say --all: ${known.map(({ name }) => name).join(", ")}`]);
  const kept = new Set([...authorities(cluster).map(({ name }) => name), ...Object.keys(NO_ROTATION)]);
  const mistakes = names
    .filter((name) => !known.some((leaf) => leaf.name === name))
    .map((name) =>
      kept.has(name)
        ? `${name}: is not renewed but exchanged; bsroot-builder pki rotate ${name} says what that takes`
        : `${name}: is no certificate of this bsroot; there are ${known.map((leaf) => leaf.name).join(", ")}`,
    );
  if (mistakes.length > 0) throw new Failure(mistakes);
  const chosen = known.filter(({ name }) => all || names.includes(name));
  return alone(bsroot, async (root) => {
    await refuseUnfinished(root, bsroot, now);
    await renewLeaves(root, chosen, newKeys, now);
    return Promise.all(
      chosen.map(async ({ name, certificate, onNodes }) => {
        const { validTo } = new X509Certificate(await readFile(join(root, certificate)));
        return { name, expires: new Date(validTo).toISOString().slice(0, 10), onNodes };
      }),
    );
  });
}

/** Throws Failure unless tls/ is as a build left it, but for what is merely out of date. */
export async function refuseUnfinished(root: string, bsroot: string, now: Date): Promise<void> {
  const plan = await planTls(root, await ownDescription(bsroot), now);
  if (plan.problems.length > 0) throw new Failure(plan.problems);
  if (plan.fresh || plan.authorities.length > 0)
    throw new Failure([`${join(bsroot, layout.tls.folder)}: not all CAs are there; bsroot-builder build makes them`]);
}
