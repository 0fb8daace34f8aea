/** Who pods are at the registries of `imagePullSecrets`: as docker login left it on this computer, or as an earlier build did in tls/. */
import { z } from "zod";
import type { Cluster } from "../../cluster/cluster.ts";
import { originOf, registryHost } from "../../cluster/image-reference.ts";
import { isBlock, type KubeObject, readManifest } from "../../cluster/kubernetes/manifest.ts";
import { layout } from "../../cluster/layout.ts";
import { DownloadError } from "../download/error.ts";
import type { Credentials } from "../images/credentials.ts";

export interface Logins {
  /** By the registry's name: base64 of NAME:PASSWORD. */
  readonly known: ReadonlyMap<string, string>;
  readonly problems: readonly string[];
  /** Where what an earlier build left is kept, since nothing newer is here. */
  readonly warnings: readonly string[];
}

/** Below a bsroot. */
export const KEPT_LOGINS = `${layout.tls.addons}/image-pull-secrets/secrets.yaml`;

/** `kept`: KEPT_LOGINS of an earlier build, which is enough where docker has nothing: on a computer without network, say. */
export async function findLogins(kept: string, { kubernetes }: Cluster, credentials: Credentials): Promise<Logins> {
  const wanted = kubernetes.version === undefined ? [] : kubernetes.imagePullSecrets;
  const before = keptIn(kept);
  const known = new Map<string, string>();
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [index, { registry }] of wanted.entries()) {
    if (known.has(registry)) continue;
    const where = `kubernetes.imagePullSecrets[${index}].registry: ${registry}`;
    const found = await ask(registry, credentials);
    const old = before.get(registry);
    if (found.auth !== undefined) known.set(registry, found.auth);
    else if (old === undefined) problems.push(`${where} ${found.because}`);
    else {
      known.set(registry, old);
      warnings.push(`${where} ${found.because}; until then ${KEPT_LOGINS} of an earlier build counts`);
    }
  }
  return { known, problems, warnings };
}

type Answer = { readonly auth: string } | { readonly auth?: never; readonly because: string };

async function ask(registry: string, credentials: Credentials): Promise<Answer> {
  const wayOut = `log in with docker login ${registry}, and build again`;
  try {
    const basic = await credentials.basicFor(registryHost(registry));
    if (basic === undefined) return { because: `wants a name and a password, and docker's config.json here has none; ${wayOut}` };
    const auth = whole(basic);
    return auth === undefined ? { because: `has no name with a password in docker's config.json; ${wayOut}` } : { auth };
  } catch (error) {
    if (error instanceof DownloadError) return { because: error.message };
    throw error;
  }
}

/** Written as the kubelet reads it; undefined without a name or a password, as where an identity token stands for it. */
function whole(basic: string): string | undefined {
  const pair = Buffer.from(basic, "base64");
  const colon = pair.indexOf(":");
  return colon > 0 && colon < pair.length - 1 ? pair.toString("base64") : undefined;
}

const config = z.object({ auths: z.record(z.string(), z.object({ auth: z.string() })) });

/** By registry; empty when it is nothing that we wrote. */
function keptIn(text: string): ReadonlyMap<string, string> {
  try {
    return new Map(readManifest(text).flatMap(loginsIn));
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

function loginsIn({ data }: KubeObject): readonly (readonly [registry: string, auth: string])[] {
  const written = isBlock(data) ? data[".dockerconfigjson"] : undefined;
  const parsed = config.safeParse(typeof written === "string" ? JSON.parse(Buffer.from(written, "base64").toString("utf8")) : undefined);
  if (!parsed.success) return [];
  return Object.entries(parsed.data.auths).flatMap(([place, { auth }]) => {
    const kept = whole(auth);
    return kept === undefined ? [] : [[originOf(place), kept] as const];
  });
}
