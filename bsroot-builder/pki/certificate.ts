/** Builds X.509 certificates (RFC 5280) for RSA and ECDSA keys; node:crypto signs them. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bitString, der, elements, explicit, integer, oid, sequence, TAG, time } from "./der.ts";
import { extensions, SUBJECT_KEY_IDENTIFIER } from "./extensions.ts";

/** Who a certificate is for, or from. */
export interface Name {
  readonly commonName: string;
  readonly organization?: string;
}

export interface Request {
  readonly subject: Name;
  /** PEM, SubjectPublicKeyInfo. */
  readonly publicKey: string;
  readonly validity: { readonly from: Date; readonly to: Date };
  readonly purpose: Purpose;
  readonly alternatives: Alternatives;
  /** Of an authority: it signs nothing but names in these domains, and no further authority. */
  readonly onlyFor?: readonly string[];
}

export type Purpose = "ca" | "server" | "client" | "server and client";

export interface Alternatives {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

/** PEM both. */
export interface Issuer {
  readonly certificate: string;
  readonly privateKey: string;
}

export const selfSigned = (request: Request, privateKey: string): string => signed(request, privateKey);
export const issued = (request: Request, { certificate, privateKey }: Issuer): string =>
  signed(request, privateKey, new X509Certificate(certificate));

const ORGANIZATION = "2.5.4.10";
const COMMON_NAME = "2.5.4.3";

/** RFC 4055 §5 wants parameters, and they are null; RFC 5758 §3.2 wants none. */
const SIGNATURE: Readonly<Record<string, Uint8Array>> = {
  rsa: sequence(oid("1.2.840.113549.1.1.11"), der(TAG.null)),
  ec: sequence(oid("1.2.840.10045.4.3.2")),
};

function signed(request: Request, privateKey: string, issuer?: X509Certificate): string {
  const signer = createPrivateKey(privateKey);
  const algorithm = SIGNATURE[signer.asymmetricKeyType ?? ""];
  if (!algorithm) throw new TypeError(`a key of the kind ${signer.asymmetricKeyType} signs no certificates here; bring RSA or ECDSA`);
  const key = createPublicKey(request.publicKey);
  const { subject, purpose, alternatives, validity, onlyFor } = request;
  const identifier = keyIdentifier(key);
  const authority = issuer ? readAuthority(issuer) : { subject: nameOf(subject), identifier };
  const usage = { purpose, alternatives, mayEncipher: key.asymmetricKeyType === "rsa", ...(onlyFor && { onlyFor }) };
  const body = sequence(
    der(explicit(0), integer(Buffer.of(2))), // version 3
    integer(serial()),
    algorithm,
    authority.subject,
    sequence(time(validity.from), time(validity.to)),
    nameOf(subject),
    key.export({ type: "spki", format: "der" }),
    der(explicit(3), extensions(usage, { own: identifier, authority: authority.identifier })),
  );
  return new X509Certificate(sequence(body, algorithm, bitString(sign("sha256", body, signer)))).toString();
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes. Random, so that nobody can foresee what will be signed. */
function serial(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes;
}

function nameOf({ commonName, organization }: Name): Buffer {
  const part = (type: string, text: string) =>
    der(TAG.set, sequence(oid(type), der(isPrintable(text) ? TAG.printable : TAG.utf8, Buffer.from(text))));
  return sequence(...(organization === undefined ? [] : [part(ORGANIZATION, organization)]), part(COMMON_NAME, commonName));
}

/** X.680 §41.4, as Go writes names too: what kubeadm compares is the text. */
const isPrintable = (text: string): boolean => /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);

/** The issuer's name byte for byte, and the key identifier that stands in its certificate, which need not be made the way ours is. */
function readAuthority(issuer: X509Certificate): { readonly subject: Uint8Array; readonly identifier: Uint8Array } {
  const [certificate] = elements(issuer.raw);
  const [body] = elements(certificate!.content);
  const fields = elements(body!.content);
  // Version 1 has no version field, and no extensions either.
  const subject = fields[fields[0]!.tag === explicit(0) ? 5 : 4]!.whole;
  const [list] = fields.filter(({ tag }) => tag === explicit(3)).flatMap(({ content }) => elements(content));
  const given = elements(list?.content ?? Buffer.of())
    .map(({ content }) => elements(content))
    .find(([type]) => type && SUBJECT_KEY_IDENTIFIER.equals(type.whole));
  const value = given && elements(given.at(-1)!.content)[0];
  return { subject, identifier: value?.content ?? keyIdentifier(issuer.publicKey) };
}

/** RFC 5280 §4.2.1.2 (1): SHA-1 of the key as it stands in the bit string. It only tells keys apart, so SHA-1 will do. */
function keyIdentifier(key: KeyObject): Buffer {
  const [info] = elements(key.export({ type: "spki", format: "der" }));
  const bits = elements(info!.content)[1]!.content.subarray(1);
  return createHash("sha1").update(bits).digest();
}
