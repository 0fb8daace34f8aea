/** What must happen to bsroot/tls: looks, changes nothing, and refuses a folder that is not as we left it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, TsigKey } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { judgeAuthority, judgeLeaf, type Pair, type Verdict } from "./judge.ts";
import { judgeTsigKey } from "./tsig.ts";
import { applianceCa, clusterCa, type Leaf, leaves } from "./wanted.ts";

/** The folders of layout.tls.machine and machineKey, and of layout.tls.tsigKey. */
export const MACHINES = `${layout.tls.folder}/machines`;
export const TSIG_KEYS = `${layout.tls.folder}/dns`;

export interface TlsPlan {
  /** Nothing is there yet: everything is made in one go. */
  readonly fresh: boolean;
  readonly issue: readonly { readonly leaf: Leaf; readonly because: string }[];
  readonly tsig: readonly { readonly key: TsigKey; readonly because: string }[];
  /** Files of machines and keys that the description no longer lists; paths inside bsroot. */
  readonly remove: readonly string[];
  /** What the operator must look at before anything can be built. */
  readonly problems: readonly string[];
}

/** Reads, changes nothing. */
export async function planTls(root: string, cluster: Cluster, now: Date): Promise<TlsPlan> {
  const wanted = leaves(cluster);
  if (await isEmpty(join(root, layout.tls.folder))) {
    const because = "it is new";
    return {
      fresh: true,
      issue: wanted.map((leaf) => ({ leaf, because })),
      tsig: cluster.dns.keys.map((key) => ({ key, because })),
      remove: [],
      problems: [],
    };
  }
  const authorities = await Promise.all(
    [applianceCa(cluster), clusterCa()].map(async (ca) => judgeAuthority(ca, await readPair(root, ca), now)),
  );
  const problems = [...authorities.flatMap(refusal), ...(await tokenProblem(root))];
  if (problems.length > 0) return { fresh: false, issue: [], tsig: [], remove: [], problems };

  const ca = await readFile(join(root, layout.tls.ca), "utf8");
  const verdicts = await Promise.all(wanted.map(async (leaf) => ({ leaf, verdict: judgeLeaf(leaf, await readPair(root, leaf), ca, now) })));
  const keys = await Promise.all(
    cluster.dns.keys.map(async (key) => ({
      key,
      verdict: judgeTsigKey(key, await readIfThere(join(root, layout.tls.tsigKey(key.name)))),
    })),
  );
  return {
    fresh: false,
    issue: verdicts.flatMap(({ leaf, verdict }) => (verdict.do === "issue" ? [{ leaf, because: verdict.because }] : [])),
    tsig: keys.flatMap(({ key, verdict }) => (verdict.do === "issue" ? [{ key, because: verdict.because }] : [])),
    remove: await strays(root, [
      ...wanted.flatMap(({ certificate, key }) => [certificate, key]),
      ...cluster.dns.keys.map(({ name }) => layout.tls.tsigKey(name)),
    ]),
    problems: [...verdicts, ...keys].flatMap(({ verdict }) => refusal(verdict)),
  };
}

async function readPair(root: string, { certificate, key }: Pick<Leaf, "certificate" | "key">): Promise<Pair> {
  return { certificate: await readIfThere(join(root, certificate)), key: await readIfThere(join(root, key)) };
}

export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

const isEmpty = async (folder: string): Promise<boolean> => (await readdir(folder).catch(() => [])).length === 0;

const refusal = (verdict: Verdict): readonly string[] => (verdict.do === "refuse" ? [verdict.because] : []);

async function tokenProblem(root: string): Promise<readonly string[]> {
  const token = await readIfThere(join(root, layout.tls.apiToken));
  if (token !== undefined && /^[0-9a-f]{64}\n?$/.test(token)) return [];
  const what = token === undefined ? "is missing" : "is not 64 hexadecimal digits";
  return [`${layout.tls.apiToken} ${what}; restore it from a backup, or write a new one with: openssl rand -hex 32`];
}

/** Keys that were taken out of the description do not stay about. */
async function strays(root: string, wanted: readonly string[]): Promise<readonly string[]> {
  const known = new Set(wanted);
  const present = await Promise.all(
    [TSIG_KEYS, MACHINES].map(async (folder) => (await readdir(join(root, folder)).catch(() => [])).map((name) => `${folder}/${name}`)),
  );
  return present
    .flat()
    .filter((path) => !known.has(path))
    .sort();
}
