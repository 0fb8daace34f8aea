/** A cluster's certificates as kubeadm has them: a CA, API servers' certificate for the name `kubernetes`, the administrators'. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}
export interface ClusterPki {
  readonly ca: Pair;
  readonly server: Pair;
  readonly admin: Pair;
  readonly superAdmin: Pair;
}

export function clusterPki(serverNames = "DNS:kubernetes", days = 3650): ClusterPki {
  const folder = mkdtempSync(join(tmpdir(), "sextant-pki-"));
  const openssl = (...args: string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", `${days}`];
  const made = (name: string, subject: string, ...more: string[]): Pair => {
    openssl("req", "-x509", ...key, "-subj", subject, "-keyout", `${name}.key`, "-out", `${name}.crt`, ...more);
    return { cert: readFileSync(join(folder, `${name}.crt`), "utf8"), key: readFileSync(join(folder, `${name}.key`), "utf8") };
  };
  const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"];
  const ca = made("ca", "/CN=kubernetes");
  const server = made("server", "/CN=kube-apiserver", ...signed, "-addext", `subjectAltName=${serverNames}`);
  const client = [...signed, "-addext", "extendedKeyUsage=clientAuth"];
  const admin = made("admin", "/O=kubeadm:cluster-admins/CN=kubernetes-admin", ...client);
  const superAdmin = made("super-admin", "/O=system:masters/CN=kubernetes-super-admin", ...client);
  rmSync(folder, { recursive: true });
  return { ca, server, admin, superAdmin };
}
