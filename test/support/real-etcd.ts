/** What Debian's etcd is started with where it speaks TLS only, to clients and to its peers. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterPki } from "./cluster-pki.ts";

/** ca.crt, and server and client with their keys. */
export function writeEtcdFiles(folder: string, { ca, server, admin }: ClusterPki): void {
  writeFileSync(join(folder, "ca.crt"), ca.cert);
  for (const [name, pair] of Object.entries({ server, client: admin })) {
    writeFileSync(join(folder, `${name}.crt`), pair.cert);
    writeFileSync(join(folder, `${name}.key`), pair.key, { mode: 0o600 });
  }
}

export const etcdTls = (folder: string): readonly string[] =>
  ["", "peer-"].flatMap((kind) => [
    `--${kind}cert-file=${join(folder, "server.crt")}`,
    `--${kind}key-file=${join(folder, "server.key")}`,
    `--${kind}trusted-ca-file=${join(folder, "ca.crt")}`,
    `--${kind}client-cert-auth=true`,
  ]);
