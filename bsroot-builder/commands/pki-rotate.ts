/** pki rotate: what exchanging a CA takes, and doing it where that can be done from here. */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import { NO_ROTATION } from "../pki/no-rotation.ts";
import { readIfThere } from "../pki/plan.ts";
import { rotateApplianceCa } from "../pki/rotate.ts";
import { authorities, leaves } from "../pki/wanted.ts";
import { Failure } from "./failure.ts";
import { alone, ownDescription } from "./own-description.ts";
import { refuseUnfinished } from "./pki-renew.ts";

/** The plan, one line for each step. Throws Failure when it cannot be done from here, with what can be done instead. */
export async function planRotation(bsroot: string, name: string, now: Date): Promise<readonly string[]> {
  const cluster = await ownDescription(bsroot);
  const reasons = NO_ROTATION[name];
  if (reasons) throw new Failure([`${name}: cannot be exchanged from here`, ...reasons.map((reason) => `  ${reason}`)]);
  if (leaves(cluster).some((leaf) => leaf.name === name)) throw new Failure([`${name}: is no CA; bsroot-builder pki renew ${name}`]);
  const [appliance] = authorities(cluster);
  if (name !== appliance!.name)
    throw new Failure([
      `${name}: is no CA of this bsroot; there are ${authorities(cluster)
        .map((ca) => ca.name)
        .join(", ")}`,
    ]);
  await refuseUnfinished(bsroot, bsroot, now);
  await refuseTwice(bsroot, now);

  const end = new X509Certificate(await readFile(join(bsroot, layout.tls.ca))).validTo;
  const nodes = cluster.machines.map((machine) => machine.name).join(", ");
  return [
    `${layout.tls.ca}: a new CA, and behind it the one that is there`,
    `${layout.tls.caBefore}, ${layout.tls.caBeforeKey}: the pair that is there, kept`,
    `${layout.tls.caBridge}: the new CA's key, certified by the one that is there`,
    "issued again, for the same keys: the bootstrapper's certificate and every machine's",
    `The nodes that are installed go on believing the bootstrapper until ${end}, when the old CA ends, and have to be given the new one before:`,
    `  ${layout.tls.ca} as /etc/sextant/ca.pem, or install them again: ${nodes}`,
    "Machines installed from now on believe both. Whoever has ca.pem to use the API or the registry should take the new one.",
  ];
}

/** Throws Failure. */
export async function rotate(bsroot: string, now: Date): Promise<void> {
  const cluster = await ownDescription(bsroot);
  await alone(bsroot, async (root) => {
    await refuseUnfinished(root, bsroot, now);
    await refuseTwice(root, now);
    await rotateApplianceCa(root, cluster, now);
  });
}

/** A node that knows only the CA before the one before would believe nobody any more. */
async function refuseTwice(root: string, now: Date): Promise<void> {
  const { caBefore, caBeforeKey, caBridge } = layout.tls;
  const before = await readIfThere(join(root, caBefore));
  if (before === undefined) return;
  const { validTo } = new X509Certificate(before);
  if (Date.parse(validTo) <= now.getTime()) return;
  throw new Failure([
    `appliance-ca: was exchanged already, and nodes may still know only the CA before it; when all have the new one, delete ${caBefore}, ${caBeforeKey} and ${caBridge}, and rotate again`,
  ]);
}
