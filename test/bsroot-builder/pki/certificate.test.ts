import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import forge from "node-forge";
import { beforeAll, describe, expect, test } from "vitest";
import { type Issuer, issued, type Request, selfSigned } from "../../../bsroot-builder/pki/certificate.ts";
import { spell } from "../../../bsroot-builder/pki/judge.ts";
import { newKey, publicOf } from "../../../bsroot-builder/pki/keys.ts";
import { KEY_KINDS } from "../../../cluster/cluster.ts";

const validity = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2036-01-01T00:00:00Z") };

async function newIssuer(kind: (typeof KEY_KINDS)[number]): Promise<Issuer> {
  const privateKey = await newKey(kind, "renewed");
  const request: Request = {
    subject: { commonName: "Sextant CA", organization: "demo" },
    publicKey: publicOf(privateKey),
    validity,
    purpose: "ca",
    alternatives: { names: [], addresses: [] },
  };
  return { privateKey, certificate: selfSigned(request, privateKey) };
}

describe.each(KEY_KINDS)("with %s keys", (kind) => {
  let ca: Issuer;
  let key: string;
  beforeAll(async () => {
    ca = await newIssuer(kind);
    key = await newKey(kind, "renewed");
  });

  const leaf = (change: Partial<Request> = {}, issuer = ca): X509Certificate =>
    new X509Certificate(
      issued(
        {
          subject: { commonName: "cp-1" },
          publicKey: publicOf(key),
          validity,
          purpose: "server",
          alternatives: { names: ["cp-1"], addresses: ["10.0.0.1"] },
          ...change,
        },
        issuer,
      ),
    );

  test("a certificate is signed by its CA, for the key it names, with the names it was asked for", () => {
    const found = leaf();
    const authority = new X509Certificate(ca.certificate);
    expect(found.verify(authority.publicKey)).toBe(true);
    expect(found.checkIssued(authority)).toBe(true);
    expect(found.subject).toBe("CN=cp-1");
    expect(found.issuer).toBe("O=demo\nCN=Sextant CA");
    expect(found.subjectAltName).toBe("DNS:cp-1, IP Address:10.0.0.1");
    expect([found.ca, authority.ca]).toEqual([false, true]);
    expect(found.publicKey.asymmetricKeyType).toBe(kind === "rsa" ? "rsa" : "ec");
  });

  test("it is for servers, for clients, or for both", () => {
    const [SERVER, CLIENT] = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];
    expect(leaf().keyUsage).toEqual([SERVER]);
    expect(leaf({ purpose: "client" }).keyUsage).toEqual([CLIENT]);
    expect(leaf({ purpose: "server and client" }).keyUsage).toEqual([SERVER, CLIENT]);
  });

  test("serial numbers are random, positive and of a fixed length", () => {
    const serials = Array.from({ length: 20 }, () => leaf().serialNumber);
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  test("dates survive to the second, beyond 2050 too, where their encoding changes (RFC 5280 §4.1.2.5)", () => {
    for (const year of ["2049", "2050", "2061"]) {
      const to = new Date(`${year}-12-31T23:59:59Z`);
      expect(new Date(leaf({ validity: { from: validity.from, to } }).validTo)).toEqual(to);
    }
  });

  test("what we spell as alternatives is what node reads back, for any names and addresses", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9](\.[a-z]{2,5})?$/);
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter((one) => !one.includes(".")),
    );
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.array(address, { maxLength: 4 }), (names, addresses) => {
        expect(leaf({ alternatives: { names, addresses } }).subjectAltName).toBe(spell({ names, addresses }));
      }),
      { numRuns: 30 },
    );
  });

  test("any text can be a name, and stands in it as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 }), (text) => {
        expect(leaf({ subject: { commonName: text } }).toLegacyObject().subject.CN).toBe(text);
      }),
      { numRuns: 30 },
    );
    expect(leaf({ subject: { commonName: "Zürich", organization: "system:masters" } }).toLegacyObject().subject).toMatchObject({
      CN: "Zürich",
      O: "system:masters",
    });
  });

  test("a CA of the other kind signs it as well", async () => {
    const other = await newIssuer(kind === "rsa" ? "ecdsa" : "rsa");
    expect(leaf({}, other).verify(new X509Certificate(other.certificate).publicKey)).toBe(true);
  });
});

test("a CA that others made, whose key identifier is not ours, is named as it names itself", () => {
  const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(1024);
  const made = forge.pki.createCertificate();
  made.publicKey = publicKey;
  made.serialNumber = "01";
  made.validity.notBefore = validity.from;
  made.validity.notAfter = validity.to;
  const name = [
    { shortName: "C", value: "CH" },
    { shortName: "CN", value: "Corp CA", valueTagClass: forge.asn1.Type.UTF8 as unknown as forge.asn1.Class },
  ];
  made.setSubject(name);
  made.setIssuer(name);
  made.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { id: "2.5.29.14", value: forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.OCTETSTRING, false, "its own") },
  ]);
  made.sign(privateKey, forge.md.sha256.create());
  const corporate = { certificate: forge.pki.certificateToPem(made), privateKey: forge.pki.privateKeyToPem(privateKey) };
  const request: Request = {
    subject: { commonName: "cp-1" },
    publicKey: forge.pki.publicKeyToPem(publicKey),
    validity,
    purpose: "server",
    alternatives: { names: [], addresses: [] },
  };
  const found = new X509Certificate(issued(request, corporate));
  expect(found.checkIssued(new X509Certificate(corporate.certificate))).toBe(true);
  expect(found.raw.toString("latin1")).toContain("its own");
});
