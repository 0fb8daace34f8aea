/** Who we are at which registry: docker's and podman's own configuration file, as `docker login` writes it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { askHelper } from "./credential-helper.ts";

export interface Credentials {
  /** What an Authorization header of type Basic says to this host; undefined: we are nobody there. Throws DownloadError. */
  basicFor(host: string): Promise<string | undefined>;
}

export const NOBODY: Credentials = { basicFor: async () => undefined };

const helper = z.string().regex(/^[\w.-]+$/, "is no name of a docker-credential program");
const shape = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).optional(),
  /** A program for every host, and programs for some. */
  credsStore: helper.optional(),
  credHelpers: z.record(z.string(), helper).optional(),
});

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
    return credentials(shape.parse(JSON.parse(text)));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}; log in again with docker login, or delete the file`, { cause: error });
  }
}

function credentials({ auths = {}, credsStore, credHelpers = {} }: z.output<typeof shape>): Credentials {
  const byHost = new Map(Object.entries(auths).flatMap(([place, { auth }]) => (auth ? [[hostOf(place), auth] as const] : [])));
  const helpers = new Map(Object.entries(credHelpers).map(([place, name]) => [hostOf(place), name]));
  const answers = new Map<string, Promise<string | undefined>>();
  const ask = (host: string): Promise<string | undefined> => {
    const name = helpers.get(host) ?? credsStore;
    return name === undefined ? Promise.resolve(undefined) : askHelper(name, host === HUB ? HUBS_OLD_NAME : host);
  };
  return {
    async basicFor(host) {
      const answer = answers.get(host) ?? ask(host);
      answers.set(host, answer);
      return (await answer) ?? byHost.get(host);
    },
  };
}

/** Docker Hub is written as https://index.docker.io/v1/, others as a bare host or with https:// before it. */
function hostOf(place: string): string {
  const host = place.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return host === "index.docker.io" || host === "docker.io" ? HUB : host;
}

const HUB = "registry-1.docker.io";
const HUBS_OLD_NAME = "https://index.docker.io/v1/";
