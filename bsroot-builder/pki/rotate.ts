/** A CA gets a successor, and whoever knows only the old one goes on believing what the new one signs. */
import { X509Certificate } from "node:crypto";
import { cp, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { syncFolder } from "../write/atomic.ts";
import { issued, type Name, selfSigned } from "./certificate.ts";
import { newKey, publicOf } from "./keys.ts";
import { closeToOthers, makeLeaf, SECRET_FOLDER, writeSecret } from "./make.ts";
import { ASIDE } from "./plan.ts";
import { recordTls } from "./record.ts";
import { type Authority, BACKDATED, CA_LIFE, type Leaf, leaves, NO_ALTERNATIVES, type Succession } from "./wanted.ts";

/**
 * Its file then holds the new CA and the old, so that nodes installed from now on believe both; the new one's key is certified by the old CA too,
 * and that certificate is shown behind each the new one signs, so that nodes installed before believe it as well. The old pair stays beside it.
 * All of tls/ is made anew at another place and moved there in the end.
 */
export async function rotateCa(
  root: string,
  cluster: Cluster,
  ca: Authority,
  { before, beforeKey, bridge }: Succession,
  now: Date,
): Promise<void> {
  const stage = join(root, layout.build, "tls-being-made");
  for (const left of [stage, join(root, ASIDE)]) await rm(left, { recursive: true, force: true });
  await mkdir(stage, { recursive: true, mode: SECRET_FOLDER });
  await cp(join(root, layout.tls.folder), join(stage, layout.tls.folder), { recursive: true });
  await closeToOthers(join(stage, layout.tls.folder));

  const found = new X509Certificate(await readFile(join(stage, ca.certificate)));
  const old = { certificate: found.toString(), privateKey: await readFile(join(stage, ca.key), "utf8") };
  const privateKey = await newKey(ca.keys, "lasting");
  const request = (to: Date) =>
    ({
      subject: successorOf(found, ca),
      publicKey: publicOf(privateKey),
      validity: { from: new Date(now.getTime() - BACKDATED), to },
      purpose: "ca",
      alternatives: NO_ALTERNATIVES,
    }) as const;
  await writeSecret(stage, before, old.certificate);
  await writeSecret(stage, beforeKey, old.privateKey);
  await writeSecret(stage, bridge, issued(request(new Date(found.validTo)), old));
  await writeSecret(stage, ca.key, privateKey);
  await writeSecret(stage, ca.certificate, selfSigned(request(new Date(now.getTime() + CA_LIFE)), privateKey) + old.certificate);
  for (const leaf of signedBy(ca, cluster)) await makeLeaf(stage, leaf, now);

  const folder = join(root, layout.tls.folder);
  await rename(folder, join(root, ASIDE));
  await rename(join(stage, layout.tls.folder), folder);
  await syncFolder(root);
  await recordTls(root);
  await rm(join(root, ASIDE), { recursive: true });
  await rm(stage, { recursive: true });
}

export const signedBy = (ca: Authority, cluster: Cluster): readonly Leaf[] =>
  leaves(cluster).filter(({ issuer }) => issuer.certificate === ca.certificate);

/** A name of its own: clients that look a CA up by its name must not find the other. "Sextant CA" -> "Sextant CA 2". */
function successorOf(old: X509Certificate, { subject }: Authority): Name {
  const number = new RegExp(`CN=${subject.commonName} (\\d{1,6})$`, "m").exec(old.subject)?.[1] ?? 1;
  return { ...subject, commonName: `${subject.commonName} ${Number(number) + 1}` };
}
