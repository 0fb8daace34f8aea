/** Carries out a plan for bsroot/tls. */
import { randomBytes, X509Certificate } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { syncFolder, writeWhole } from "../write/atomic.ts";
import { issued, selfSigned } from "./certificate.ts";
import { newEncryption } from "./encryption.ts";
import { newKey, publicOf, type Strength } from "./keys.ts";
import { readIfThere, type TlsPlan } from "./plan.ts";
import { newTsigKey } from "./tsig.ts";
import { type Authority, BACKDATED, CA_LIFE, LEAF_LIFE, type Leaf } from "./wanted.ts";

export const SECRET_FILE = 0o600;
export const SECRET_FOLDER = 0o700;

/** Carries the plan out; afterwards every file is 0600 and every folder 0700. The first time, tls/ appears whole or not at all. */
export async function makeTls(root: string, cluster: Cluster, plan: TlsPlan, now: Date): Promise<void> {
  if (plan.problems.length > 0) throw new Error(plan.problems.join("\n"));
  const stage = plan.fresh ? join(root, layout.build, "tls-being-made") : root;
  if (plan.fresh) {
    await rm(stage, { recursive: true, force: true });
    await writeSecret(stage, layout.tls.apiToken, `${randomBytes(32).toString("hex")}\n`);
  }
  await Promise.all(plan.authorities.map(({ ca }) => makeAuthority(stage, ca, now)));
  if (plan.serviceAccount) await makeServiceAccount(stage, cluster);
  if (plan.encryption) await writeSecret(stage, layout.tls.encryption, newEncryption());
  await Promise.all(plan.issue.map(({ leaf }) => makeLeaf(stage, leaf, now)));
  for (const { key } of plan.tsig) await writeSecret(stage, layout.tls.tsigKey(key.name), newTsigKey(key));
  for (const path of plan.remove) await rm(join(root, path), { force: true });
  if (plan.fresh) {
    await rmdir(join(root, layout.tls.folder)).catch(() => {}); // there only if somebody made it, empty
    await rename(join(stage, layout.tls.folder), join(root, layout.tls.folder));
    await syncFolder(root);
    await rm(stage, { recursive: true, force: true });
  }
  await closeToOthers(join(root, layout.tls.folder));
}

async function makeAuthority(root: string, ca: Authority, now: Date): Promise<void> {
  const privateKey = await keyOf(root, ca, "lasting");
  const certificate = selfSigned(
    {
      subject: ca.subject,
      publicKey: publicOf(privateKey),
      validity: { from: new Date(now.getTime() - BACKDATED), to: new Date(now.getTime() + CA_LIFE) },
      purpose: "ca",
      alternatives: ca.alternatives,
    },
    privateKey,
  );
  await writeSecret(root, ca.certificate, certificate);
}

async function makeServiceAccount(root: string, { kubernetes }: Cluster): Promise<void> {
  const { serviceAccount, serviceAccountKey } = layout.tls;
  const privateKey = await keyOf(root, { key: serviceAccountKey, keys: kubernetes.certificates }, "lasting");
  await writeSecret(root, serviceAccount, publicOf(privateKey));
}

/** Signed by its CA as that lies in `root`, for the key that is there or a new one. */
export async function makeLeaf(root: string, leaf: Leaf, now: Date): Promise<void> {
  const privateKey = await keyOf(root, leaf, "renewed");
  const issuer = {
    certificate: await readFile(join(root, leaf.issuer.certificate), "utf8"),
    privateKey: await readFile(join(root, leaf.issuer.key), "utf8"),
  };
  const end = Math.min(now.getTime() + LEAF_LIFE, Date.parse(new X509Certificate(issuer.certificate).validTo));
  const certificate = issued(
    {
      subject: leaf.subject,
      publicKey: publicOf(privateKey),
      validity: { from: new Date(now.getTime() - BACKDATED), to: new Date(end) },
      purpose: leaf.purpose,
      alternatives: leaf.alternatives,
    },
    issuer,
  );
  await writeSecret(root, leaf.certificate, certificate + (await bridgeOf(root, leaf, now)));
}

/** What stands behind a certificate for those who know only the CA before; nothing once that one has ended. */
async function bridgeOf(root: string, { issuer: { succession } }: Leaf, now: Date): Promise<string> {
  const text = succession && (await readIfThere(join(root, succession.bridge)));
  return text !== undefined && Date.parse(new X509Certificate(text).validTo) > now.getTime() ? text : "";
}

/** The key is written before its certificate: a key without certificate is finished by the next build, the reverse would be a riddle. */
async function keyOf(root: string, { key, keys }: Pick<Leaf, "key" | "keys">, strength: Strength): Promise<string> {
  const known = await readIfThere(join(root, key));
  if (known !== undefined) return known;
  const made = await newKey(keys, strength);
  await writeSecret(root, key, made);
  return made;
}

export async function writeSecret(root: string, path: string, text: string): Promise<void> {
  const whole = join(root, path);
  await mkdir(join(whole, ".."), { recursive: true, mode: SECRET_FOLDER });
  await writeWhole(whole, text, SECRET_FILE);
}

export async function closeToOthers(folder: string): Promise<void> {
  await chmod(folder, SECRET_FOLDER);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (found.isDirectory()) await closeToOthers(path);
    else if (found.isFile()) await chmod(path, SECRET_FILE);
  }
}
