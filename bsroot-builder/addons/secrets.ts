/** Puts what add-ons may not show into tls/addons: the Secrets that charts render, those that follow from our keys, and passwords made once. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubeObject } from "../../cluster/kubernetes/manifest.ts";
import { layout } from "../../cluster/layout.ts";
import { parseTsigKey } from "../pki/tsig-file.ts";
import { writeWhole } from "../write/atomic.ts";
import { addOnsOf } from "./gather.ts";
import { AddOnError, filesOf, type Prepared } from "./prepare.ts";

const SECRET_FILE = 0o600;
const SECRET_FOLDER = 0o700;

/** The same add-ons with all of their secrets; tls/ has every key already. */
export async function withSecrets(root: string, cluster: Cluster, prepared: readonly Prepared[]): Promise<readonly Prepared[]> {
  const more = new Map<string, readonly KubeObject[]>();
  for (const { addOn, context } of addOnsOf(cluster)) {
    if (!addOn.secrets) continue;
    const needed = await keysAndPasswords(root, cluster, addOn.name, (find) => addOn.secrets!(context, find));
    more.set(addOn.name, needed);
  }
  return prepared.map((one) => ({ ...one, secrets: [...(more.get(one.name) ?? []), ...one.secrets] }));
}

/** Reads all keys of the description, so that who makes the Secrets need not wait; passwords are made when they are asked for. */
async function keysAndPasswords(
  root: string,
  { dns }: Cluster,
  addOn: string,
  make: (find: { tsig(key: string): string; password(name: string): string }) => readonly KubeObject[],
): Promise<readonly KubeObject[]> {
  const secrets = new Map<string, string>();
  for (const { name } of dns.keys) {
    const text = await readFile(join(root, layout.tls.tsigKey(name)), "utf8").catch(() => "");
    const found = parseTsigKey(text);
    if (found) secrets.set(name, found.secret);
  }
  const folder = `${layout.tls.addons}/${addOn}`;
  const there = await passwordsIn(join(root, folder));
  const made = new Map<string, string>();
  const objects = make({
    tsig(key) {
      const secret = secrets.get(key);
      if (secret === undefined) throw new AddOnError(`${addOn}: ${layout.tls.tsigKey(key)} is missing or no TSIG key`);
      return secret;
    },
    password(name) {
      const password = there.get(name) ?? made.get(name) ?? randomBytes(24).toString("base64url");
      if (!there.has(name)) made.set(name, password);
      return password;
    },
  });
  for (const [name, password] of made) await writeSecret(root, `${folder}/${name}`, `${password}\n`);
  return objects;
}

async function passwordsIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.includes("."));
  return new Map(await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name), "utf8")).trim()] as const)));
}

/** Writes every file that is secret, and removes those of add-ons that are not there any more: a password that nobody needs is only a risk. */
export async function writeSecrets(root: string, prepared: readonly Prepared[]): Promise<void> {
  const wanted = new Set(prepared.map(({ name }) => name));
  for (const name of await readdir(join(root, layout.tls.addons)).catch(() => [])) {
    if (!wanted.has(name)) await rm(join(root, layout.tls.addons, name), { recursive: true, force: true });
  }
  for (const { path, text, secret } of prepared.flatMap(filesOf)) if (secret) await writeSecret(root, path, text);
}

async function writeSecret(root: string, path: string, text: string): Promise<void> {
  const whole = join(root, path);
  await mkdir(dirname(whole), { recursive: true, mode: SECRET_FOLDER });
  const now = await readFile(whole, "utf8").catch(() => undefined);
  if (now !== text) await writeWhole(whole, text, SECRET_FILE);
}
