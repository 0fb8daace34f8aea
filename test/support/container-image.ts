/** Small container images made from nothing, and the real registry that hands them out. */
import { execFile, spawn } from "node:child_process";
import { createHash, createSign, generateKeyPairSync } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import forge from "node-forge";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

export const run = promisify(execFile);

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** An OCI layout with one image for each architecture, below an index. Answers the index's digest. */
export function makeImage(folder: string, name: string, architectures: readonly string[] = ["amd64", "arm64"], layerSize = 3000): string {
  const blobs = join(folder, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Uint8Array, mediaType: string) => {
    writeFileSync(join(blobs, sha256(bytes)), bytes);
    return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  };
  const json = (value: unknown, kind: string) => put(Buffer.from(JSON.stringify(value)), `application/vnd.oci.image.${kind}.v1+json`);
  const manifests = architectures.map((architecture) => {
    const tar = tarOf("greeting", Buffer.alloc(layerSize, `${name} for ${architecture}\n`));
    const layer = put(gzipSync(tar), "application/vnd.oci.image.layer.v1.tar+gzip");
    const rootfs = { type: "layers", diff_ids: [`sha256:${sha256(tar)}`] };
    const config = json({ os: "linux", architecture, config: {}, rootfs }, "config");
    const manifest = json(
      { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [layer] },
      "manifest",
    );
    return { ...manifest, platform: { os: "linux", architecture } };
  });
  const index = json({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }, "index");
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const entry = { ...index, annotations: { "org.opencontainers.image.ref.name": "it" } };
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  return index.digest;
}

/** The same image as a registry's API answers it, as files: https://ORIGIN/v2/REPOSITORY/manifests/TAG and so on, below `folder`. */
export function asRegistry(layout: string, folder: string, repository: string, tag: string, digest: string): void {
  const blobs = join(layout, "blobs", "sha256");
  for (const kind of ["manifests", "blobs"]) {
    const to = join(folder, "v2", repository, kind);
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(blobs)) copyFileSync(join(blobs, name), join(to, `sha256:${name}`));
  }
  copyFileSync(join(blobs, digest.slice("sha256:".length)), join(folder, "v2", repository, "manifests", tag));
}

/** ustar, one file (POSIX.1-1988). */
function tarOf(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)]);
}

export interface Origin {
  readonly url: string;
  readonly host: string;
  push(layout: string, name: string, credentials?: string): Promise<void>;
  close(): Promise<void>;
}

/** The distribution registry on loopback, empty. `auth`: its configuration of that name. `tls`: it speaks nothing else. PEM. */
export async function startOrigin(
  folder: string,
  { auth, tls }: { auth?: object; tls?: { cert: string; key: string } } = {},
): Promise<Origin> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const [certificate, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  if (tls) {
    writeFileSync(certificate, tls.cert);
    writeFileSync(key, tls.key);
  }
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "storage") } },
    http: { addr: `127.0.0.1:${port}`, ...(tls && { tls: { certificate, key } }) },
    ...(auth && { auth }),
  };
  writeFileSync(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  const host = `127.0.0.1:${port}`;
  await until("docker-registry to listen", () => listens(port), { seconds: 10, every: 0.05 });
  return {
    url: `${tls ? "https" : "http"}://${host}`,
    host,
    push: async (layout, name, credentials) => {
      const login = credentials === undefined ? [] : ["--dest-creds", credentials];
      await run("skopeo", [
        "copy",
        "--quiet",
        "--all",
        "--dest-tls-verify=false",
        ...login,
        `oci:${layout}:it`,
        `docker://${host}/${name}`,
      ]);
    },
    close: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill();
      }),
  };
}

const listens = (port: number): Promise<true | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(undefined));
    socket.on("connect", () => socket.end());
  });

/** Somebody who gives out tokens that a registry believes: an RS256 JWT with its certificate in x5c. */
export interface TokenIssuer {
  readonly certificate: string;
  token(scope: string, service: string): string;
}

export function tokenIssuer(): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ type: "spki", format: "pem" }).toString());
  made.serialNumber = "01";
  made.validity.notBefore = new Date(Date.now() - 86_400_000);
  made.validity.notAfter = new Date(Date.now() + 86_400_000);
  const subject = [{ name: "commonName", value: "tokens" }];
  made.setSubject(subject);
  made.setIssuer(subject);
  made.setExtensions([{ name: "basicConstraints", cA: true }]);
  made.sign(forge.pki.privateKeyFromPem(pem), forge.md.sha256.create());
  const der = forge.util.encode64(forge.asn1.toDer(forge.pki.certificateToAsn1(made)).getBytes());
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return {
    certificate: forge.pki.certificateToPem(made),
    token: (scope, service) => {
      const [type = "", name = "", actions = ""] = scope.split(":");
      const now = Math.floor(Date.now() / 1000);
      const access = scope === "" ? [] : [{ type, name, actions: actions.split(",") }];
      const claims = { iss: "issuer", sub: "", aud: service, exp: now + 300, nbf: now - 60, iat: now, jti: String(now), access };
      const signed = `${part({ typ: "JWT", alg: "RS256", x5c: [der] })}.${part(claims)}`;
      return `${signed}.${createSign("sha256").update(signed).sign(privateKey).toString("base64url")}`;
    },
  };
}
