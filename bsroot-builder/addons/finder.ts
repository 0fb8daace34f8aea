/** What an add-on's Secrets are made of: our DNS keys, passwords, and an authority below ours. What is made here is kept for the next build. */
import { createPublicKey, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import type { SecretFinder } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";
import { type Issuer, issued } from "../pki/certificate.ts";
import { nameConstraints } from "../pki/extensions.ts";
import { publicOf } from "../pki/keys.ts";
import { parseTsigKey } from "../pki/tsig-file.ts";
import { BACKDATED, LEAF_LIFE, RENEW_BEFORE } from "../pki/wanted.ts";
import type { Logins } from "./logins.ts";
import { AddOnError } from "./prepare.ts";

export interface Found {
  readonly find: SecretFinder;
  /** Files that it made, by their path in the bsroot; complete once nothing is asked for any more. */
  readonly made: ReadonlyMap<string, string>;
}

/** Reads everything first, so that who asks need not wait. tls/ has every key of the description already. */
export async function openFinder(
  root: string,
  { dns }: Cluster,
  addOn: string,
  now: Date,
  logins: Logins["known"] = new Map(),
): Promise<Found> {
  const read = (path: string): Promise<string> => readFile(join(root, path), "utf8").catch(() => "");
  const folder = `${layout.tls.addons}/${addOn}`;
  const names = await readdir(join(root, folder)).catch(() => []);
  const there = new Map<string, string>(
    await Promise.all(names.map(async (name) => [`${folder}/${name}`, await read(`${folder}/${name}`)] as const)),
  );
  const keys = new Map(
    await Promise.all(dns.keys.map(async ({ name }) => [name, parseTsigKey(await read(layout.tls.tsigKey(name)))] as const)),
  );
  const ours: Issuer = { certificate: await read(layout.tls.ca), privateKey: await read(layout.tls.caKey) };
  const made = new Map<string, string>();
  const kept = (path: string, make: () => string): string => {
    const text = made.get(path) ?? there.get(path) ?? make();
    if (text !== there.get(path)) made.set(path, text);
    return text;
  };
  const find: SecretFinder = {
    ca: ours.certificate,
    tsig(key) {
      const found = keys.get(key);
      if (!found) throw new AddOnError(`${addOn}: ${layout.tls.tsigKey(key)} is missing or no TSIG key`);
      return found.secret;
    },
    login(registry) {
      const known = logins.get(registry);
      if (known === undefined) throw new AddOnError(`${addOn}: nobody is known at ${registry}`);
      return known;
    },
    password: (name) => kept(`${folder}/${name}`, () => `${randomBytes(24).toString("base64url")}\n`).trim(),
    issuer(name, domains) {
      const key = kept(`${folder}/${name}.key`, newKey);
      const path = `${folder}/${name}.crt`;
      const before = there.get(path);
      const certificate =
        before !== undefined && isGood(before, { key, domains, ours, now }) ? before : certify(name, { key, domains, ours, now });
      if (certificate !== before) made.set(path, certificate);
      return { certificate, key, ca: ours.certificate };
    },
  };
  return { find, made };
}

const newKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();

interface Wanted {
  readonly key: string;
  readonly domains: readonly string[];
  readonly ours: Issuer;
  readonly now: Date;
}

function certify(name: string, { key, domains, ours, now }: Wanted): string {
  const end = Math.min(now.getTime() + LEAF_LIFE, Date.parse(new X509Certificate(ours.certificate).validTo));
  const validity = { from: new Date(now.getTime() - BACKDATED), to: new Date(end) };
  const subject = { commonName: `Sextant ${name}` };
  return issued(
    { subject, publicKey: publicOf(key), validity, purpose: "ca", onlyFor: domains, alternatives: { names: [], addresses: [] } },
    ours,
  );
}

function isGood(pem: string, { key, domains, ours, now }: Wanted): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const lasts = Date.parse(certificate.validTo) - now.getTime() > RENEW_BEFORE;
    const belongs =
      certificate.publicKey.equals(createPublicKey(key)) && certificate.verify(new X509Certificate(ours.certificate).publicKey);
    return lasts && belongs && certificate.raw.includes(nameConstraints(domains));
  } catch {
    return false; // it is no certificate: another one is made
  }
}
