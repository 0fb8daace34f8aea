/** Puts what add-ons may not show into tls/addons: the Secrets that charts render, those that follow from our keys, and passwords made once. */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubeObject } from "../../cluster/kubernetes/manifest.ts";
import { layout } from "../../cluster/layout.ts";
import { writeSecret as writeKey } from "../pki/make.ts";
import { openFinder } from "./finder.ts";
import { addOnsOf } from "./gather.ts";
import type { Logins } from "./logins.ts";
import { filesOf, type Prepared } from "./prepare.ts";

/** The same add-ons with all of their secrets; tls/ has every key already. */
export async function withSecrets(
  root: string,
  cluster: Cluster,
  prepared: readonly Prepared[],
  now: Date,
  logins: Logins["known"],
): Promise<readonly Prepared[]> {
  const more = new Map<string, readonly KubeObject[]>();
  for (const { addOn, context } of addOnsOf(cluster)) {
    if (!addOn.secrets) continue;
    const { find, made } = await openFinder(root, cluster, addOn.name, now, logins);
    more.set(addOn.name, addOn.secrets(context, find));
    for (const [path, text] of made) await writeSecret(root, path, text);
  }
  return prepared.map((one) => ({ ...one, secrets: [...(more.get(one.name) ?? []), ...one.secrets] }));
}

/** Writes every file that is secret, and removes those of add-ons that have none any more: a password that nobody needs is only a risk. */
export async function writeSecrets(root: string, prepared: readonly Prepared[]): Promise<void> {
  const wanted = new Set(prepared.filter(({ secrets }) => secrets.length > 0).map(({ name }) => name));
  for (const name of await readdir(join(root, layout.tls.addons)).catch(() => [])) {
    if (!wanted.has(name)) await rm(join(root, layout.tls.addons, name), { recursive: true, force: true });
  }
  for (const { path, text, secret } of prepared.flatMap(filesOf)) if (secret) await writeSecret(root, path, text);
}

async function writeSecret(root: string, path: string, text: string): Promise<void> {
  const now = await readFile(join(root, path), "utf8").catch(() => undefined);
  if (now !== text) await writeKey(root, path, text);
}
