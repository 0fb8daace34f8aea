/** What becomes of a certificate that is or is not there: kept, issued, or shown to the operator because nobody else may touch it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Alternatives } from "./certificate.ts";
import { type Authority, type Leaf, RENEW_BEFORE } from "./wanted.ts";

/** The two files of a pair as they lie on disk, PEM. */
export interface Pair {
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

export type Verdict =
  | { readonly do: "keep" }
  /** With the key that is there, or a new one. */
  | { readonly do: "issue"; readonly because: string }
  | { readonly do: "refuse"; readonly because: string };

const refuse = (because: string): Verdict => ({ do: "refuse", because });

/** A CA that exists is never made again: every node trusts it. */
export function judgeAuthority({ certificate, key }: Authority, pair: Pair, now: Date): Verdict {
  const wayOut = "restore tls/ from a backup, or move it away to begin anew with every machine";
  if (pair.certificate === undefined) return refuse(`${certificate} is missing; ${wayOut}`);
  if (pair.key === undefined) return refuse(`${key} is missing; ${wayOut}`);
  const found = parse(pair.certificate);
  if (!found) return refuse(`${certificate} is no certificate; ${wayOut}`);
  if (!belongTogether(found, pair.key)) return refuse(`${key} is not the key of ${certificate}; ${wayOut}`);
  if (!found.ca) return refuse(`${certificate} is not a CA's certificate; ${wayOut}`);
  if (new Date(found.validTo) <= now)
    return refuse(`${certificate} expired on ${found.validTo}; move tls/ away to begin anew with every machine`);
  return { do: "keep" };
}

/** `ca` is the certificate of the CA that must have signed it, PEM. */
export function judgeLeaf(leaf: Leaf, pair: Pair, ca: string, now: Date): Verdict {
  if (pair.certificate === undefined) {
    if (pair.key !== undefined && !isKey(pair.key)) return refuse(`${leaf.key} is no private key; delete it to have a new one made`);
    return { do: "issue", because: "it is new" };
  }
  const wayOut = "restore it from a backup, or delete both files to have them made anew";
  if (pair.key === undefined) return refuse(`${leaf.key} is missing beside its certificate; ${wayOut}`);
  const found = parse(pair.certificate);
  if (!found) return refuse(`${leaf.certificate} is no certificate; ${wayOut}`);
  if (!belongTogether(found, pair.key)) return refuse(`${leaf.key} is not the key of ${leaf.certificate}; ${wayOut}`);
  if (!found.verify(new X509Certificate(ca).publicKey)) return refuse(`${leaf.certificate} was not signed by the CA in tls/; ${wayOut}`);
  if (found.subjectAltName !== spell(leaf.alternatives)) return { do: "issue", because: "its names or addresses changed" };
  if (Date.parse(found.validTo) - now.getTime() < RENEW_BEFORE) return { do: "issue", because: `it would expire on ${found.validTo}` };
  return { do: "keep" };
}

/** As X509Certificate.subjectAltName writes it. */
export const spell = ({ names, addresses }: Alternatives): string =>
  [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP Address:${address}`)].join(", ");

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch {
    return false;
  }
}

const belongTogether = (certificate: X509Certificate, key: string): boolean =>
  isKey(key) && certificate.checkPrivateKey(createPrivateKey(key));
