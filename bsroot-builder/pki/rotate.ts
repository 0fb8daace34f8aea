/** The appliance's CA gets a successor, and whoever knows only the old one goes on believing what the new one signs. */
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
import { applianceCa, BACKDATED, CA_LIFE, leaves, NO_ALTERNATIVES } from "./wanted.ts";

const { ca, caKey, caBefore, caBeforeKey, caBridge } = layout.tls;

/**
 * ca.pem then holds the new CA and the old, so that nodes installed from now on believe both; the new one's key is certified by the old CA too,
 * and that certificate is shown behind each the new one signs, so that nodes installed before believe it as well. The old pair stays beside it.
 * All of tls/ is made anew at another place and moved there in the end.
 */
export async function rotateApplianceCa(root: string, cluster: Cluster, now: Date): Promise<void> {
  const stage = join(root, layout.build, "tls-being-made");
  for (const left of [stage, join(root, ASIDE)]) await rm(left, { recursive: true, force: true });
  await mkdir(stage, { recursive: true, mode: SECRET_FOLDER });
  await cp(join(root, layout.tls.folder), join(stage, layout.tls.folder), { recursive: true });
  await closeToOthers(join(stage, layout.tls.folder));

  const old = { certificate: firstOf(await readFile(join(stage, ca), "utf8")), privateKey: await readFile(join(stage, caKey), "utf8") };
  const before = new X509Certificate(old.certificate);
  const privateKey = await newKey(applianceCa(cluster).keys, "lasting");
  const request = (to: Date) =>
    ({
      subject: successorOf(before, cluster),
      publicKey: publicOf(privateKey),
      validity: { from: new Date(now.getTime() - BACKDATED), to },
      purpose: "ca",
      alternatives: NO_ALTERNATIVES,
    }) as const;
  await writeSecret(stage, caBefore, old.certificate);
  await writeSecret(stage, caBeforeKey, old.privateKey);
  await writeSecret(stage, caBridge, issued(request(new Date(before.validTo)), old));
  await writeSecret(stage, caKey, privateKey);
  await writeSecret(stage, ca, selfSigned(request(new Date(now.getTime() + CA_LIFE)), privateKey) + old.certificate);
  for (const leaf of leaves(cluster).filter(({ issuer }) => issuer.certificate === ca)) await makeLeaf(stage, leaf, now);

  const folder = join(root, layout.tls.folder);
  await rename(folder, join(root, ASIDE));
  await rename(join(stage, layout.tls.folder), folder);
  await syncFolder(root);
  await recordTls(root);
  await rm(join(root, ASIDE), { recursive: true });
  await rm(stage, { recursive: true });
}

/** A CA's first certificate is its own; others may follow for those who are to believe them too. */
const firstOf = (pem: string): string => new X509Certificate(pem).toString();

/** A name of its own: clients that look a CA up by its name must not find the other. "Sextant CA" -> "Sextant CA 2". */
function successorOf(before: X509Certificate, cluster: Cluster): Name {
  const { subject } = applianceCa(cluster);
  const number = new RegExp(`CN=${subject.commonName} (\\d{1,6})$`, "m").exec(before.subject)?.[1] ?? 1;
  return { ...subject, commonName: `${subject.commonName} ${Number(number) + 1}` };
}
