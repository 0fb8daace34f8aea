/** Kubernetes for the lab, out of a folder that has one release of it. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mirror } from "../cluster/cluster.ts";
import { compare } from "../cluster/kubernetes/version.ts";
import { run } from "./command.ts";
import { laterRelease } from "./kubernetes/later.ts";

const SCRIPTS = "vm-cluster/kubernetes";
const CACHE = ".cache/vm-cluster-kubernetes";

export interface KubernetesParts {
  /** What `kubernetes:` of a description says to get it. */
  readonly described: {
    readonly version: string;
    /** A later one, to upgrade to. */
    readonly offered: readonly [string];
    readonly components: Readonly<Record<string, string>>;
  };
  readonly mirrors: readonly Mirror[];
}

/** `folder` is laid out as vm-cluster/kubernetes/README.md has it. Made once for each state of it, and kept. */
export async function kubernetesFrom(folder: string, say: (text: string) => void): Promise<KubernetesParts> {
  const made = resolve(CACHE, stateOf(folder));
  if (!existsSync(made)) {
    say(`laying out Kubernetes as on the internet (about a minute, once; kept in ${CACHE})`);
    mkdirSync(CACHE, { recursive: true });
    const fresh = `${made}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    const second = `${made}.later`;
    rmSync(second, { recursive: true, force: true });
    await laterRelease(resolve(folder), second);
    await run(join(SCRIPTS, "mirror.sh"), [fresh, resolve(folder), second], { show: true });
    rmSync(second, { recursive: true });
    renameSync(fresh, made);
  }
  const { etcd: _, ...components } = JSON.parse(readFileSync(join(made, "versions.json"), "utf8")) as Record<string, string>;
  const [release, later] = readdirSync(join(made, "dl.k8s.io/release"))
    .map((name) => name.slice(1))
    .sort(compare);
  return { described: { version: release!, offered: [later!], components }, mirrors: mirrorsIn(made) };
}

/** Each project of GitHub by itself, so that others still come from where they are. */
function mirrorsIn(made: string): readonly Mirror[] {
  const hosts = readdirSync(made).filter((name) => name.includes(".") && statSync(join(made, name)).isDirectory());
  const places = hosts.flatMap((host) =>
    host === "github.com" ? readdirSync(join(made, host)).map((project) => `${host}/${project}`) : [host],
  );
  return places.map((place) => ({ from: `https://${place}`, to: pathToFileURL(join(made, place)).href }));
}

function stateOf(folder: string): string {
  const hash = createHash("sha256");
  for (const below of [folder, SCRIPTS]) {
    for (const name of (readdirSync(below, { recursive: true, encoding: "utf8" }) as string[]).sort()) {
      const { size, mtimeMs } = statSync(join(below, name));
      hash.update(`${name} ${size} ${below === folder ? mtimeMs : readable(join(below, name))}\n`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
const readable = (path: string): string => (statSync(path).isFile() ? readFileSync(path, "utf8") : "");
