/** Who we are at which registry: docker's and podman's own configuration file, as `docker login` writes it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

export interface Credentials {
  /** What an Authorization header of type Basic says to this host; undefined: we are nobody there. */
  basicFor(host: string): string | undefined;
}

export const NOBODY: Credentials = { basicFor: () => undefined };

const shape = z.object({ auths: z.record(z.string(), z.object({ auth: z.string().optional() })).optional() });

/** The file's path: DOCKER_CONFIG names its folder (docker(1)), else it is in the home. */
export function configPath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const folder = environment["DOCKER_CONFIG"] ?? (environment["HOME"] && join(environment["HOME"], ".docker"));
  return folder && join(folder, "config.json");
}

/** No file is nobody. Throws Error, with the path, for one that cannot be understood: going on unknown would only fail later. */
export async function readCredentials(path: string | undefined): Promise<Credentials> {
  if (path === undefined) return NOBODY;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return NOBODY;
    throw error;
  }
  try {
    return credentials(shape.parse(JSON.parse(text)).auths ?? {});
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}; log in again with docker login, or delete the file`, { cause: error });
  }
}

function credentials(auths: Readonly<Record<string, { readonly auth?: string | undefined }>>): Credentials {
  const byHost = new Map(Object.entries(auths).flatMap(([place, { auth }]) => (auth ? [[hostOf(place), auth] as const] : [])));
  return { basicFor: (host) => byHost.get(host) };
}

/** Docker Hub is written as https://index.docker.io/v1/, others as a bare host or with https:// before it. */
function hostOf(place: string): string {
  const host = place.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" || host === "docker.io" ? "registry-1.docker.io" : host;
}
