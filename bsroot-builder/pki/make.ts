/** Carries out a plan for bsroot/tls. */
import { randomBytes, X509Certificate } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { syncFolder, writeWhole } from "../write/atomic.ts";
import { type Issuer, issued, selfSigned } from "./certificate.ts";
import { newKey, publicOf } from "./keys.ts";
import { readIfThere, type TlsPlan } from "./plan.ts";
import { newTsigKey } from "./tsig.ts";
import { type Authority, applianceCa, BACKDATED, CA_LIFE, clusterCa, LEAF_LIFE, type Leaf } from "./wanted.ts";

export const SECRET_FILE = 0o600;
export const SECRET_FOLDER = 0o700;

/** Carries the plan out; afterwards every file is 0600 and every folder 0700. The first time, tls/ appears whole or not at all. */
export async function makeTls(root: string, cluster: Cluster, plan: TlsPlan, now: Date): Promise<void> {
  if (plan.problems.length > 0) throw new Error(plan.problems.join("\n"));
  const stage = plan.fresh ? join(root, layout.build, "tls-being-made") : root;
  if (plan.fresh) {
    await rm(stage, { recursive: true, force: true });
    for (const ca of [applianceCa(cluster), clusterCa()]) await makeAuthority(stage, ca, now);
    await writeSecret(stage, layout.tls.apiToken, `${randomBytes(32).toString("hex")}\n`);
  }
  const issuer = {
    certificate: await readFile(join(stage, layout.tls.ca), "utf8"),
    privateKey: await readFile(join(stage, layout.tls.caKey), "utf8"),
  };
  await Promise.all(plan.issue.map(({ leaf }) => makeLeaf(stage, leaf, issuer, now)));
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
  const privateKey = await newKey(3072);
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
  await writeSecret(root, ca.key, privateKey);
  await writeSecret(root, ca.certificate, certificate);
}

/** The key is written first: a key without certificate is finished by the next build, the reverse would be a riddle. */
async function makeLeaf(root: string, leaf: Leaf, issuer: Issuer, now: Date): Promise<void> {
  const known = await readIfThere(join(root, leaf.key));
  const privateKey = known ?? (await newKey(2048));
  if (known === undefined) await writeSecret(root, leaf.key, privateKey);
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
  await writeSecret(root, leaf.certificate, certificate);
}

async function writeSecret(root: string, path: string, text: string): Promise<void> {
  const whole = join(root, path);
  await mkdir(join(whole, ".."), { recursive: true, mode: SECRET_FOLDER });
  await writeWhole(whole, text, SECRET_FILE);
}

async function closeToOthers(folder: string): Promise<void> {
  await chmod(folder, SECRET_FOLDER);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (found.isDirectory()) await closeToOthers(path);
    else if (found.isFile()) await chmod(path, SECRET_FILE);
  }
}
