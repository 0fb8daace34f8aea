/** A registry on loopback that gives npm the packages of our package-lock.json, out of npm's own cache: what installed node_modules filled. */
import { execFileSync } from "node:child_process";
import { createReadStream, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

interface Locked {
  readonly version: string;
  readonly integrity?: string;
}

export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** What the cache lacks, npm is sent for to the registry that it is configured for. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const npm = (name: string): string =>
    execFileSync("npm", ["config", "get", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  const contents = join(npm("cache"), "_cacache/content-v2/sha512");
  const elsewhere = npm("registry");
  const versions = lockedVersions();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.slice(1));
    const [, name = path, version = ""] = /^-\/(.+)\/([^/]+)\.tgz$/.exec(path) ?? [];
    const known = versions.get(name);
    if (version === "")
      return void response.setHeader("Content-Type", "application/json").end(JSON.stringify(documentOf(name, known ?? {})));
    const hex = Buffer.from(known?.[version]?.integrity?.slice("sha512-".length) ?? "", "base64").toString("hex");
    createReadStream(join(contents, hex.slice(0, 2), hex.slice(2, 4), hex.slice(4)))
      .on("error", () => response.writeHead(302, { Location: `${elsewhere}${name}/-/${name.split("/").at(-1)}-${version}.tgz` }).end())
      .pipe(response);
  });
  const documentOf = (name: string, known: Readonly<Record<string, Locked>>): object => {
    const entries = Object.entries(known).map(([version, locked]) => {
      const tarball = `http://127.0.0.1:${port}/-/${name}/${version}.tgz`;
      return [version, { ...locked, name, version, dist: { integrity: locked.integrity, tarball } }] as const;
    });
    return { name, "dist-tags": { latest: entries[0]?.[0] }, versions: Object.fromEntries(entries) };
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** By name and version. */
function lockedVersions(): ReadonlyMap<string, Record<string, Locked>> {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, Locked> };
  const found = new Map<string, Record<string, Locked>>();
  for (const [path, locked] of Object.entries(packages)) {
    const name = path.split("node_modules/").at(-1)!;
    if (locked.integrity !== undefined) found.set(name, { ...found.get(name), [locked.version]: locked });
  }
  return found;
}
