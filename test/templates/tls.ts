/** A certificate authority and a server certificate for 127.0.0.1, made in a moment. */
import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

export interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `validFrom` moves the server certificate's life, to see what a wrong clock does. */
export function makeTls(validFrom = new Date(Date.now() - 86_400_000)): Tls {
  const authority = keys();
  const server = keys();
  const ca = certificate("Sextant test CA", authority, "Sextant test CA", authority.privateKey, new Date(Date.now() - 86_400_000), [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ]);
  const cert = certificate("127.0.0.1", server, "Sextant test CA", authority.privateKey, validFrom, [
    { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
  ]);
  return { ca, cert, key: forge.pki.privateKeyToPem(server.privateKey) };
}

function keys(): forge.pki.rsa.KeyPair {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const key = forge.pki.privateKeyFromPem(privateKey);
  return { privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e) };
}

function certificate(
  subject: string,
  { publicKey }: forge.pki.rsa.KeyPair,
  issuer: string,
  signer: forge.pki.rsa.PrivateKey,
  notBefore: Date,
  extensions: object[],
): string {
  const cert = forge.pki.createCertificate();
  cert.publicKey = publicKey;
  cert.serialNumber = subject === issuer ? "01" : "02";
  cert.validity.notBefore = notBefore;
  cert.validity.notAfter = new Date(notBefore.getTime() + 30 * 86_400_000);
  cert.setSubject([{ shortName: "CN", value: subject }]);
  cert.setIssuer([{ shortName: "CN", value: issuer }]);
  cert.setExtensions(extensions);
  cert.sign(signer, forge.md.sha256.create());
  return forge.pki.certificateToPem(cert);
}
