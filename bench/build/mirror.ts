/** What is downloaded, and the server on loopback that has it: sets of files with their hashes, and a container image. */
import { createHash, randomFillSync } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab.ts";
import { type Running, start } from "../processes.ts";

export const PORT = 8080;
export const ORIGIN = `http://127.0.0.1:${PORT}`;
export const IMAGE = "bench/image";

export interface FileSet {
  readonly name: string;
  /** sha256sum's form: hash, two spaces, path on the mirror. */
  readonly sums: string;
  readonly bytes: number;
}

const KB = 1000;
const MB = 1 << 20;

/** 2 GB in large files, and ever more small ones of the same size. */
export const SETS = [
  { name: "4 x 512 MB", files: 4, size: 512 * MB, quick: true },
  { name: "100 x 20 KB", files: 100, size: 20 * KB, quick: false },
  { name: "1,000 x 20 KB", files: 1000, size: 20 * KB, quick: true },
  { name: "10,000 x 20 KB", files: 10_000, size: 20 * KB, quick: false },
] as const;

export function makeSet(folder: string, { name, files, size }: { name: string; files: number; size: number }): FileSet {
  const set = name.replaceAll(/[^\w]+/g, "-");
  mkdirSync(join(folder, set), { recursive: true });
  const lines = Array.from({ length: files }, (_, index) => {
    const path = `${set}/${String(index).padStart(5, "0")}`;
    return `${makeFile(join(folder, path), size)}  ${path}\n`;
  });
  const sums = join(folder, `${set}.sums`);
  writeFileSync(sums, lines.join(""));
  return { name, sums, bytes: files * size };
}

/** Random bytes, the same megabyte again and again; answers the hash. */
function makeFile(path: string, size: number): string {
  const block = randomFillSync(Buffer.alloc(Math.min(size, MB)));
  const hash = createHash("sha256");
  writeFileSync(path, "");
  for (let left = size; left > 0; left -= block.length) {
    const part = block.subarray(0, left);
    appendFileSync(path, part);
    hash.update(part);
  }
  return hash.digest("hex");
}

/** One image of four layers, as a registry's API answers it. Answers its bytes. */
export function makeRegistry(folder: string): number {
  const place = (kind: string, name: string): string => join(folder, "v2", IMAGE, kind, name);
  for (const kind of ["manifests", "blobs"]) mkdirSync(place(kind, ""), { recursive: true });
  const put = (bytes: Buffer, kind: string, mediaType: string) => {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    writeFileSync(place(kind, digest), bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: bytes.length };
  };
  const layers = Array.from({ length: 4 }, (_, index) => {
    const made = place("blobs", `layer-${index}`);
    const digest = `sha256:${makeFile(made, 512 * MB)}`;
    renameSync(made, place("blobs", digest));
    return { digest, mediaType: "application/vnd.oci.image.layer.v1.tar", size: 512 * MB };
  });
  const diffIds = layers.map(({ digest }) => digest);
  const config = { os: "linux", architecture: "amd64", config: {}, rootfs: { type: "layers", diff_ids: diffIds } };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: put(Buffer.from(JSON.stringify(config)), "blobs", "config.v1+json"),
      layers,
    }),
  );
  put(manifest, "manifests", "manifest.v1+json");
  writeFileSync(place("manifests", "1"), manifest);
  return layers.reduce((sum, { size }) => sum + size, 0);
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

export function startMirror(lab: Lab, folder: string): Promise<Running> {
  const room = lab.room("mirror");
  const own = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${join(room, kind)};`);
  const config = `daemon off; user root; worker_processes 1; pid ${join(room, "pid")}; error_log ${join(room, "log")} error;
events { worker_connections 256; }
http { access_log off; sendfile on; keepalive_requests 1000000; ${own.join(" ")}
server { listen 127.0.0.1:${PORT}; root ${folder};
  location = /v2/ { return 200; }
  location /v2/${IMAGE}/manifests/ { default_type ${MANIFEST}; } } }
`;
  writeFileSync(join(room, "nginx.conf"), config);
  const command = lab.at("server", ["nginx", "-c", join(room, "nginx.conf")]);
  return start(command, join(room, "out"), listens);
}

/** Whether somebody where that process is listens there: proc_pid_net(5). */
function listens(pid: number): boolean {
  const wanted = `:${PORT.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  return existsSync(`/proc/${pid}/net/tcp`) && readFileSync(`/proc/${pid}/net/tcp`, "utf8").includes(wanted);
}
