/** A small bsroot made by hand: everything the server reads, with real certificates and tiny images. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { layout, type Manifest } from "../../cluster/layout.ts";
import { osTarget } from "../../templates/registry.ts";
import { DESCRIPTION, described } from "./description.ts";

export const API_TOKEN = "operator-".padEnd(64, "0123456789abcdef");
/** Stands for every private key of a machine or of the cluster, so that a test sees where they go. */
export const SECRET_MARK = "-----BEGIN PRIVATE KEY----- only for ";

/** Fills the folder; `addresses` are those that the server's certificate is for. */
export function makeBsroot(folder: string, description = DESCRIPTION, addresses: readonly string[] = ["127.0.0.1"]): void {
  const cluster = described(description);
  const put = (path: string, content: string | Buffer, mode = 0o644): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode });
  };
  put(layout.description, description);
  put(layout.lock, `${JSON.stringify({ version: 1, versions: {}, images: {}, artifacts: {} })}\n`);
  for (const loader of Object.values(layout.loaders)) put(`${layout.tftp}/${loader}`, `loader ${loader}`);
  for (const { os, architecture } of cluster.machines)
    for (const { path } of osTarget(os).artifacts(os, architecture)) put(path, `bytes of ${path}`.repeat(100));
  put(layout.tls.apiToken, `${API_TOKEN}\n`, 0o600);
  put(layout.tls.clusterCa, "-----BEGIN CERTIFICATE----- of the cluster\n", 0o600);
  put(layout.tls.clusterCaKey, `${SECRET_MARK}the cluster\n`, 0o600);
  for (const { mac } of cluster.machines) {
    put(layout.tls.machine(mac), `-----BEGIN CERTIFICATE----- of ${mac}\n`, 0o600);
    put(layout.tls.machineKey(mac), `${SECRET_MARK}${mac}\n`, 0o600);
  }
  certificates(folder, addresses);
  put(layout.manifest, `${JSON.stringify(manifestOf(folder, cluster.name), null, 1)}\n`);
}

/** An authority and a certificate it signed for the server. */
function certificates(folder: string, addresses: readonly string[]): void {
  const { ca, caKey, bootstrapper, bootstrapperKey } = layout.tls;
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-days", "2", "-subj", "/CN=Test CA", "-keyout", caKey, "-out", ca);
  const names = ["DNS:localhost", ...addresses.map((address) => `IP:${address}`)].join(",");
  const signed = ["-CA", ca, "-CAkey", caKey, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", `subjectAltName=${names}`];
  openssl("req", "-x509", ...key, ...signed, "-days", "2", "-subj", "/CN=bootstrapper", "-keyout", bootstrapperKey, "-out", bootstrapper);
  for (const path of [caKey, bootstrapperKey]) chmodSync(join(folder, path), 0o600);
}

function manifestOf(folder: string, cluster: string): Manifest {
  const files = (readdirSync(folder, { recursive: true, withFileTypes: true }) as { parentPath: string; name: string; isFile(): boolean }[])
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
    .map((path) => {
      const bytes = readFileSync(join(folder, path));
      const secret = path.startsWith("tls/") && (statSync(join(folder, path)).mode & 0o077) === 0;
      const entry = { path, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      return secret ? { ...entry, secret: true as const } : entry;
    });
  return { version: 1, cluster, files };
}
