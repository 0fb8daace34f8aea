/** Who downloads: our builder as it is shipped, and what one would type instead. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OURS } from "../servers/ours.ts";
import { type FileSet, IMAGE, ORIGIN } from "./mirror.ts";

export interface Downloader {
  readonly name: string;
  /** Prepares a folder that is empty, and answers the command that downloads into it and checks every hash. */
  prepare(what: FileSet | "image", folder: string): readonly string[];
}

/** Keys take a second to make and are no download: every bsroot starts with the same. */
export function builder(dist: string, shared: string): Downloader {
  return {
    name: OURS,
    prepare(what, folder) {
      if (existsSync(join(shared, "tls"))) cpSync(join(shared, "tls"), join(folder, "bsroot/tls"), { recursive: true });
      writeFileSync(join(folder, "cluster-desc.yml"), description(what === "image"));
      writeFileSync(join(folder, "build.mjs"), program(dist, what === "image" ? undefined : what.sums));
      return [process.execPath, join(folder, "build.mjs"), folder];
    },
  };
}

const description = (image: boolean): string => `cluster: bench
domain: bench.lan
network: { subnet: 10.77.0.0/24, bootstrapper: 10.77.0.1 }
os: { target: flatcar, version: 4593.2.5 }
images: ${image ? `[registry.k8s.io/${IMAGE}:1]` : "[]"}
mirrors: [{ from: "https://registry.k8s.io", to: "${ORIGIN}" }]
machines: [{ mac: "52:54:00:00:00:11", name: cp-1, address: 10.77.0.11, roles: [control-plane] }]
`;

/** The build command with an operating system that consists of the files; prints by the way how much memory it took at most. */
const program = (dist: string, sums: string | undefined): string => `
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from ${JSON.stringify(join(dist, "bsroot-builder/commands/build.js"))};
const lines = ${sums === undefined ? "[]" : `readFileSync(${JSON.stringify(sums)}, "utf8").trim().split("\\n").map((line) => line.split("  "))`};
const artifacts = lines.map(([sha256, name]) => ({ path: "html/static/" + name, url: "${ORIGIN}/" + name, verify: { by: "sha256", sha256 } }));
const target = { name: "flatcar", latest: () => undefined, artifacts: () => artifacts };
const screen = { write: () => {}, isTTY: false, columns: 80 };
const [folder] = process.argv.slice(2);
const options = { out: join(folder, "bsroot"), jobs: 8, update: false };
await build(join(folder, "cluster-desc.yml"), options, { osTarget: () => target, loaderArtifacts: () => [] }, { out: () => {}, screen });
process.stdout.write(/^VmHWM:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
`;

export const wget: Downloader = {
  name: "wget + sha256sum",
  prepare(what, folder) {
    if (what === "image") throw new Error("wget pulls no images");
    const names = readFileSync(what.sums, "utf8").trim().split("\n");
    writeFileSync(join(folder, "list"), names.map((line) => `${ORIGIN}/${line.split("  ")[1]}\n`).join(""));
    mkdirSync(join(folder, "files"));
    const script = 'wget -q -x -nH -P files -i list && cd files && sha256sum --quiet -c "$1"';
    return ["sh", "-c", `cd "$0" && ${script}`, folder, what.sums];
  },
};

export const skopeo: Downloader = {
  name: "skopeo copy",
  prepare: (_, folder) => [
    ...["skopeo", "copy", "--quiet", "--src-tls-verify=false"],
    `docker://${ORIGIN.replace("http://", "")}/${IMAGE}:1`,
    `dir:${join(folder, "image")}`,
  ],
};
