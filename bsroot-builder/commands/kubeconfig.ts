/** kubeconfig: what kubectl needs to reach the cluster as its administrator. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Cluster } from "../../cluster/cluster.ts";
import { apiEndpoint } from "../../cluster/kubernetes/endpoint.ts";
import { kubeconfig } from "../../cluster/kubernetes/kubeconfig.ts";
import { layout } from "../../cluster/layout.ts";
import { Failure } from "./failure.ts";
import { ownDescription } from "./own-description.ts";
import type { Terminal } from "./terminal.ts";

export interface KubeconfigOptions {
  readonly bsroot: string;
  /** As the one whom no rule of the cluster stops: for when its rules lock everybody out. */
  readonly superAdmin: boolean;
  /** In place of the address that the description has. */
  readonly server?: string;
  /** Absent: standard output. */
  readonly out?: string;
}

export function addKubeconfig(all: Command, { out }: Terminal): void {
  all
    .command("kubeconfig")
    .description("write what kubectl needs to reach the cluster as its administrator")
    .option("--bsroot <folder>", "where the administrator's certificate is", "bsroot")
    .option("--super-admin", "as the one whom no rule of the cluster stops, for when its rules lock everybody out", false)
    .option("--server <url>", "the API server, in place of the address that the description has")
    .option("--out <file>", "a file for you alone, never overwritten; standard output without")
    .action(async (options: KubeconfigOptions) => {
      const text = await administratorsKubeconfig(options);
      if (options.out === undefined) return out(text);
      await writeAlone(options.out, text);
      out(`wrote ${options.out}; kubectl --kubeconfig ${options.out} get nodes\n`);
    });
}

/** Throws Failure. */
export async function administratorsKubeconfig({ bsroot, server, superAdmin }: KubeconfigOptions): Promise<string> {
  const cluster = await ownDescription(bsroot);
  if (cluster.kubernetes.version === undefined)
    throw new Failure([`${join(bsroot, layout.description)}: asks for no Kubernetes; write kubernetes.version and build`]);
  const read = (path: string): Promise<string> =>
    readFile(join(bsroot, path), "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new Failure([
        `${join(bsroot, path)}: ${error.code === "ENOENT" ? "is missing; bsroot-builder build makes it" : error.message}`,
      ]);
    });
  const pair = superAdmin ? [layout.tls.superAdmin, layout.tls.superAdminKey] : [layout.tls.admin, layout.tls.adminKey];
  const [ca, certificate, key] = (await Promise.all([layout.tls.clusterCa, ...pair].map(read))) as [string, string, string];
  const user = superAdmin ? "kubernetes-super-admin" : "kubernetes-admin";
  return kubeconfig({ cluster: cluster.name, user, server: serverOf(cluster, server), ca, certificate, key });
}

function serverOf(cluster: Cluster, given: string | undefined): string {
  const { host, port } = apiEndpoint(cluster);
  if (given === undefined) return `https://${host}:${port}`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isPlain = url?.protocol === "https:" && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain) throw new Failure([`--server: "${given}" is not the address of an API server; write one as in https://${host}:${port}`]);
  return given.replace(/\/$/, "");
}

/** Other clusters may be in a kubeconfig that is there already. */
async function writeAlone(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new Failure([`${file} is there already and stays as it is; name another file, or move it away`]);
    throw new Failure([`${file}: cannot be written (${code ?? message})`]);
  }
}
