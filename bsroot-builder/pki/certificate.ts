/** Builds X.509 certificates with node-forge and signs them with node:crypto, which does it ten times faster and off forge's own arithmetic. */
import { createPrivateKey, randomBytes, sign } from "node:crypto";
import forge from "node-forge";

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
}

export type Purpose = "ca" | "server" | "server and client";

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
  signed(request, privateKey, forge.pki.certificateFromPem(certificate));

/** In node-forge since 0.6; its types leave it out. */
const { getTBSCertificate } = forge.pki as typeof forge.pki & { getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1 };

const SHA256_WITH_RSA = forge.pki.oids.sha256WithRSAEncryption!;

function signed(request: Request, privateKey: string, issuer?: forge.pki.Certificate): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(request.publicKey);
  certificate.serialNumber = serial();
  certificate.validity.notBefore = request.validity.from;
  certificate.validity.notAfter = request.validity.to;
  certificate.setSubject(attributes(request.subject));
  certificate.setIssuer(issuer ? issuer.subject.attributes : attributes(request.subject));
  certificate.setExtensions(extensions(request, keyIdentifier(issuer ?? certificate)));
  // RFC 5280 §4.1.1.2: the algorithm stands inside and outside of what is signed, the same.
  certificate.signatureOid = SHA256_WITH_RSA;
  certificate.siginfo.algorithmOid = SHA256_WITH_RSA;
  const body = forge.asn1.toDer(getTBSCertificate(certificate)).getBytes();
  certificate.signature = sign("sha256", Buffer.from(body, "latin1"), createPrivateKey(privateKey)).toString("latin1");
  return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes. Random, so that nobody can foresee what will be signed. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}

function attributes({ commonName, organization }: Name): forge.pki.CertificateField[] {
  const own = { shortName: "CN", value: commonName };
  return organization === undefined ? [own] : [{ shortName: "O", value: organization }, own];
}

/** `openssl verify -x509_strict` asks for both key identifiers and for critical basic constraints (RFC 5280 §4.2.1). */
function extensions({ purpose, alternatives }: Request, authority: string): object[] {
  const isCa = purpose === "ca";
  return [
    { name: "basicConstraints", cA: isCa, critical: true },
    isCa
      ? { name: "keyUsage", keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true }
      : { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
    ...(isCa ? [] : [{ name: "extKeyUsage", serverAuth: true, clientAuth: purpose === "server and client" }]),
    { name: "subjectKeyIdentifier" },
    { name: "authorityKeyIdentifier", keyIdentifier: authority },
    ...subjectAltName(alternatives),
  ];
}

const DNS_NAME = 2;
const IP_ADDRESS = 7;

function subjectAltName({ names, addresses }: Alternatives): object[] {
  if (names.length + addresses.length === 0) return [];
  const altNames = [...names.map((value) => ({ type: DNS_NAME, value })), ...addresses.map((ip) => ({ type: IP_ADDRESS, ip }))];
  return [{ name: "subjectAltName", altNames }];
}

function keyIdentifier(issuer: forge.pki.Certificate): string {
  const given = issuer.getExtension("subjectKeyIdentifier") as { subjectKeyIdentifier?: string } | null;
  return given?.subjectKeyIdentifier ? forge.util.hexToBytes(given.subjectKeyIdentifier) : issuer.generateSubjectKeyIdentifier().getBytes();
}
