/** Certificates of members of etcd, shaped as the builder shapes them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MemberFiles {
  readonly "ca.crt": string;
  readonly "member.crt": string;
  readonly "member.key": string;
}

/** By name. */
export function memberCertificates(
  members: readonly { readonly name: string; readonly address: string }[],
): ReadonlyMap<string, MemberFiles> {
  const folder = mkdtempSync(join(tmpdir(), "sextant-etcd-tls-"));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "pipe" });
  const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    openssl("req", "-x509", ...EC, "-keyout", at("ca.key"), "-out", at("ca.crt"), "-days", "2", "-subj", "/CN=etcd-ca");
    return new Map(
      members.map(({ name, address }) => {
        openssl("req", ...EC, "-keyout", at("key"), "-out", at("request"), "-subj", `/CN=${name}`);
        const names = `subjectAltName=DNS:${name},DNS:localhost,IP:${address},IP:127.0.0.1`;
        writeFileSync(at("extensions"), `${names}\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n`);
        const by = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("extensions")];
        openssl("x509", "-req", "-in", at("request"), "-out", at("crt"), ...by);
        const text = (file: string): string => readFileSync(at(file), "utf8");
        return [name, { "ca.crt": text("ca.crt"), "member.crt": text("crt"), "member.key": text("key") }] as const;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
