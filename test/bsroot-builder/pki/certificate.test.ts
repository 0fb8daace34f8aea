import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type Issuer, issued, type Request, selfSigned } from "../../../bsroot-builder/pki/certificate.ts";
import { spell } from "../../../bsroot-builder/pki/judge.ts";
import { newKey, publicOf } from "../../../bsroot-builder/pki/keys.ts";

const validity = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2036-01-01T00:00:00Z") };
let ca: Issuer;
let key: string;
beforeAll(async () => {
  key = await newKey(2048);
  const privateKey = await newKey(2048);
  const request: Request = {
    subject: { commonName: "Sextant CA", organization: "demo" },
    publicKey: publicOf(privateKey),
    validity,
    purpose: "ca",
    alternatives: { names: [], addresses: [] },
  };
  ca = { privateKey, certificate: selfSigned(request, privateKey) };
});

const leaf = (change: Partial<Request> = {}): X509Certificate =>
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
      ca,
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
});

test("server authentication for a server, client authentication too for a machine", () => {
  expect(leaf().keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(leaf({ purpose: "server and client" }).keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
});

test("serial numbers are random, positive and of a fixed length", () => {
  const serials = Array.from({ length: 20 }, () => leaf().serialNumber);
  expect(new Set(serials).size).toBe(20);
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
});

test("dates survive to the second, beyond 2050 too, where their encoding changes (RFC 5280 §4.1.2.5)", () => {
  const to = new Date("2061-02-03T04:05:06Z");
  expect(new Date(leaf({ validity: { from: validity.from, to } }).validTo)).toEqual(to);
});

test("what we spell as alternatives is what node reads back, for any names and addresses", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9](\.[a-z]{2,5})?$/);
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.array(fc.ipV4(), { maxLength: 4 }), (names, addresses) => {
      expect(leaf({ alternatives: { names, addresses } }).subjectAltName).toBe(spell({ names, addresses }));
    }),
    { numRuns: 30 },
  );
});
