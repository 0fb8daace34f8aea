/** What a certificate may be used for, and for whom: its extensions. */
import type { Alternatives, Purpose } from "./certificate.ts";
import { der, explicit, flags, implicit, integer, oid, sequence, TAG } from "./der.ts";
import { ipBytes } from "./ip-bytes.ts";

export interface Usage {
  readonly purpose: Purpose;
  readonly alternatives: Alternatives;
  /** Keys can be sent enciphered with RSA alone; RFC 8813 §3 forbids to say so of an elliptic curve. */
  readonly mayEncipher: boolean;
  /** Of an authority: domains. */
  readonly onlyFor?: readonly string[];
}

export const SUBJECT_KEY_IDENTIFIER = oid("2.5.29.14");
const KEY_USAGE = oid("2.5.29.15");
const SUBJECT_ALTERNATIVES = oid("2.5.29.17");
const BASIC_CONSTRAINTS = oid("2.5.29.19");
const NAME_CONSTRAINTS = oid("2.5.29.30");
const AUTHORITY_KEY_IDENTIFIER = oid("2.5.29.35");
const EXTENDED_KEY_USAGE = oid("2.5.29.37");

/** RFC 5280 §4.2.1.12; node prints them so too. */
export const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2";
export const EXTENDED_USAGES: Readonly<Record<Purpose, readonly string[]>> = {
  ca: [],
  server: [SERVER_AUTHENTICATION],
  client: [CLIENT_AUTHENTICATION],
  "server and client": [SERVER_AUTHENTICATION, CLIENT_AUTHENTICATION],
};

/** RFC 5280 §4.2.1.3, by their position. */
const USE = { digitalSignature: 0, keyEncipherment: 2, keyCertSign: 5, crlSign: 6 };

/** `openssl verify -x509_strict` asks for both key identifiers and for critical basic constraints (RFC 5280 §4.2.1). */
export function extensions(
  { purpose, alternatives, mayEncipher, onlyFor }: Usage,
  identifiers: { readonly own: Uint8Array; readonly authority: Uint8Array },
): Buffer {
  const isCa = purpose === "ca";
  const uses = isCa
    ? [USE.digitalSignature, USE.keyCertSign, USE.crlSign]
    : [USE.digitalSignature, ...(mayEncipher ? [USE.keyEncipherment] : [])];
  const extended = EXTENDED_USAGES[purpose].map(oid);
  return sequence(
    extension(BASIC_CONSTRAINTS, isCa ? sequence(YES, ...(onlyFor ? [integer(Buffer.of(0))] : [])) : sequence(), "critical"),
    extension(KEY_USAGE, flags(...uses), "critical"),
    ...(extended.length > 0 ? [extension(EXTENDED_KEY_USAGE, sequence(...extended))] : []),
    extension(SUBJECT_KEY_IDENTIFIER, der(TAG.octets, identifiers.own)),
    extension(AUTHORITY_KEY_IDENTIFIER, sequence(der(implicit(0), identifiers.authority))),
    ...subjectAlternatives(alternatives),
    ...(onlyFor ? [nameConstraints(onlyFor)] : []),
  );
}

const YES = der(TAG.boolean, Buffer.of(0xff));

const extension = (type: Uint8Array, value: Uint8Array, critical?: "critical"): Buffer =>
  sequence(type, critical ? YES : Buffer.of(), der(TAG.octets, value));

const DNS_NAME = implicit(2);
const IP_ADDRESS = implicit(7);

function subjectAlternatives({ names, addresses }: Alternatives): readonly Buffer[] {
  if (names.length + addresses.length === 0) return [];
  const all = [...names.map((name) => der(DNS_NAME, Buffer.from(name))), ...addresses.map((address) => der(IP_ADDRESS, ipBytes(address)))];
  return [extension(SUBJECT_ALTERNATIVES, sequence(...all))];
}

/** RFC 5280 §4.2.1.10: names in these domains, and no address, which another kind of name would otherwise leave open. */
export function nameConstraints(domains: readonly string[]): Buffer {
  const permitted = domains.map((domain) => sequence(der(DNS_NAME, Buffer.from(domain))));
  const excluded = [8, 32].map((length) => sequence(der(IP_ADDRESS, Buffer.alloc(length))));
  return extension(NAME_CONSTRAINTS, sequence(der(explicit(0), ...permitted), der(explicit(1), ...excluded)), "critical");
}
