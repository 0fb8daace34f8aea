/** What becomes of a certificate that is or is not there: kept, issued, or shown to the operator because nobody else may touch it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Alternatives, Name } from "./certificate.ts";
import { EXTENDED_USAGES } from "./extensions.ts";
import { ipPrinted } from "./ip-bytes.ts";
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

export const NEW: Verdict = { do: "issue", because: "it is new" };
export const refuse = (because: string): Verdict => ({ do: "refuse", because });

/** What nodes were given is lost for them when it is made again. */
export const BEGIN_ANEW = "restore tls/ from a backup, or move it away to begin anew with every machine";

/** A CA that exists is never made again: every node trusts it. `existed`: an earlier build made it, whatever is there now. */
export function judgeAuthority({ certificate, key }: Authority, pair: Pair, existed: boolean, now: Date): Verdict {
  if (pair.certificate === undefined && !existed && (pair.key === undefined || isKey(pair.key))) return NEW;
  if (pair.certificate === undefined) return refuse(`${certificate} is missing; ${BEGIN_ANEW}`);
  if (pair.key === undefined) return refuse(`${key} is missing; ${BEGIN_ANEW}`);
  const found = parse(pair.certificate);
  if (!found) return refuse(`${certificate} is no certificate; ${BEGIN_ANEW}`);
  if (!belongTogether(found, pair.key)) return refuse(`${key} is not the key of ${certificate}; ${BEGIN_ANEW}`);
  if (!found.ca) return refuse(`${certificate} is not a CA's certificate; ${BEGIN_ANEW}`);
  if (new Date(found.validTo) <= now)
    return refuse(`${certificate} expired on ${found.validTo}; move tls/ away to begin anew with every machine`);
  return { do: "keep" };
}

/** `ca` is the certificate of the CA that must have signed it, PEM; undefined when that is yet to be made. */
export function judgeLeaf(leaf: Leaf, pair: Pair, ca: string | undefined, now: Date): Verdict {
  if (pair.certificate === undefined) {
    if (pair.key !== undefined && !isKey(pair.key)) return refuse(`${leaf.key} is no private key; delete it to have a new one made`);
    return NEW;
  }
  const wayOut = "restore it from a backup, or delete both files to have them made anew";
  if (pair.key === undefined) return refuse(`${leaf.key} is missing beside its certificate; ${wayOut}`);
  const found = parse(pair.certificate);
  if (!found) return refuse(`${leaf.certificate} is no certificate; ${wayOut}`);
  if (!belongTogether(found, pair.key)) return refuse(`${leaf.key} is not the key of ${leaf.certificate}; ${wayOut}`);
  if (ca === undefined || !found.verify(new X509Certificate(ca).publicKey))
    return refuse(`${leaf.certificate} was not signed by the CA in ${leaf.issuer.certificate}; ${wayOut}`);
  const outdated = change(leaf, found);
  if (outdated !== undefined) return { do: "issue", because: outdated };
  if (Date.parse(found.validTo) - now.getTime() < RENEW_BEFORE) return { do: "issue", because: `it would expire on ${found.validTo}` };
  return { do: "keep" };
}

function change({ subject, purpose, alternatives }: Leaf, found: X509Certificate): string | undefined {
  if ((found.subjectAltName ?? "") !== spell(alternatives)) return "its names or addresses changed";
  if (found.subject !== spellName(subject)) return "whom it is for changed";
  if (String(found.keyUsage ?? []) !== String(EXTENDED_USAGES[purpose])) return "what it is for changed";
  return undefined;
}

/** As X509Certificate.subjectAltName writes it. */
export const spell = ({ names, addresses }: Alternatives): string =>
  [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP Address:${ipPrinted(address)}`)].join(", ");

/** As X509Certificate.subject writes it. */
const spellName = ({ commonName, organization }: Name): string =>
  `${organization === undefined ? "" : `O=${organization}\n`}CN=${commonName}`;

export function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

export function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === "private";
  } catch {
    return false;
  }
}

const belongTogether = (certificate: X509Certificate, key: string): boolean =>
  isKey(key) && certificate.checkPrivateKey(createPrivateKey(key));
