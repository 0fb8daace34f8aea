/** What must happen to bsroot/tls: looks, changes nothing, and refuses a folder that is not as we left it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster, TsigKey } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { parseManifest } from "../manifest.ts";
import { judgeEncryption } from "./encryption.ts";
import { judgeAuthority, judgeLeaf, type Pair, parse, type Verdict } from "./judge.ts";
import { judgeServiceAccount } from "./service-account.ts";
import { judgeTsigKey } from "./tsig.ts";
import { type Authority, authorities, CA_ENDS_SOON, type Leaf, leaves } from "./wanted.ts";

/** The folders of layout.tls.machine and machineKey, and of layout.tls.tsigKey. */
export const MACHINES = `${layout.tls.folder}/machines`;
export const TSIG_KEYS = `${layout.tls.folder}/dns`;
export const KUBERNETES = `${layout.tls.folder}/kubernetes`;

/** Certificates in tls/kubernetes that not every description asks for. */
const OPTIONAL = [
  layout.tls.admin,
  layout.tls.adminKey,
  layout.tls.superAdmin,
  layout.tls.superAdminKey,
  layout.tls.etcdClient,
  layout.tls.etcdClientKey,
] as const;

/** Where tls/ is for the moment in which one with a new CA takes its place. */
export const ASIDE = `${layout.build}/tls-before-rotation`;

export interface TlsPlan {
  /** Nothing is there yet: everything is made in one go. */
  readonly fresh: boolean;
  readonly authorities: readonly { readonly ca: Authority; readonly because: string }[];
  readonly serviceAccount?: { readonly because: string };
  readonly encryption?: { readonly because: string };
  readonly issue: readonly { readonly leaf: Leaf; readonly because: string }[];
  readonly tsig: readonly { readonly key: TsigKey; readonly because: string }[];
  /** Files of machines and keys that the description no longer lists; paths inside bsroot. */
  readonly remove: readonly string[];
  /** What the operator must look at before anything can be built. */
  readonly problems: readonly string[];
  /** What the operator should know in time. */
  readonly warnings: readonly string[];
}

/** Reads, changes nothing. */
export async function planTls(root: string, cluster: Cluster, now: Date): Promise<TlsPlan> {
  if (await isEmpty(join(root, layout.tls.folder))) {
    const aside = join(root, ASIDE);
    if (await isEmpty(aside)) return everything(cluster);
    return { ...NOTHING, problems: [`an exchange of a CA was cut short; put tls/ back: mv ${aside} ${join(root, layout.tls.folder)}`] };
  }
  const read = (path: string) => readIfThere(join(root, path));
  const existed = await recorded(root);
  const judged = await Promise.all(
    authorities(cluster).map(async (ca) => {
      const pair = await readPair(root, ca);
      return { ca, pair, verdict: judgeAuthority(ca, pair, ca.original || existed(ca.certificate), now) };
    }),
  );
  const { serviceAccount: pub, serviceAccountKey: key, encryption } = layout.tls;
  const wantsKubernetes = cluster.kubernetes.version !== undefined;
  const account = wantsKubernetes ? judgeServiceAccount(await read(pub), await read(key), existed(key)) : KEEP;
  const encrypted = wantsKubernetes ? judgeEncryption(await read(encryption), existed(encryption)) : KEEP;
  const problems = [...judged.map(({ verdict }) => verdict), account, encrypted].flatMap(refusal);
  problems.push(...(await tokenProblem(root)));
  if (problems.length > 0) return { ...NOTHING, problems };

  const wanted = leaves(cluster);
  const certificates = new Map(judged.map(({ ca, pair }) => [ca.certificate, pair.certificate]));
  const verdicts = await Promise.all(
    wanted.map(async (leaf) => ({
      leaf,
      verdict: judgeLeaf(leaf, await readPair(root, leaf), certificates.get(leaf.issuer.certificate), now),
    })),
  );
  const keys = await Promise.all(
    cluster.dns.keys.map(async (key) => ({ key, verdict: judgeTsigKey(key, await read(layout.tls.tsigKey(key.name))) })),
  );
  return {
    fresh: false,
    authorities: judged.flatMap(({ ca, verdict }) => reason(verdict).map((because) => ({ ca, because }))),
    ...onlyIf("serviceAccount", account),
    ...onlyIf("encryption", encrypted),
    issue: verdicts.flatMap(({ leaf, verdict }) => reason(verdict).map((because) => ({ leaf, because }))),
    tsig: keys.flatMap(({ key, verdict }) => reason(verdict).map((because) => ({ key, because }))),
    remove: await strays(root, [
      ...wanted.flatMap(({ certificate, key }) => [certificate, key]),
      ...cluster.dns.keys.map(({ name }) => layout.tls.tsigKey(name)),
    ]),
    problems: [...verdicts, ...keys].flatMap(({ verdict }) => refusal(verdict)),
    warnings: judged.flatMap(({ ca, pair }) => endsSoon(ca, pair, now)),
  };
}

const NOTHING: TlsPlan = { fresh: false, authorities: [], issue: [], tsig: [], remove: [], problems: [], warnings: [] };
const KEEP: Verdict = { do: "keep" };

function everything(cluster: Cluster): TlsPlan {
  const because = "it is new";
  return {
    ...NOTHING,
    fresh: true,
    authorities: authorities(cluster).map((ca) => ({ ca, because })),
    ...(cluster.kubernetes.version !== undefined && { serviceAccount: { because }, encryption: { because } }),
    issue: leaves(cluster).map((leaf) => ({ leaf, because })),
    tsig: cluster.dns.keys.map((key) => ({ key, because })),
  };
}

/** Whether an earlier build had a file: its manifest says so, also of one that was lost since. A manifest that nobody can read may have had any. */
async function recorded(root: string): Promise<(path: string) => boolean> {
  const text = await readIfThere(join(root, layout.manifest));
  if (text === undefined) return () => false;
  try {
    const paths = new Set(parseManifest(text).files.map(({ path }) => path));
    return (path) => paths.has(path);
  } catch {
    return () => true;
  }
}

export async function readPair(root: string, { certificate, key }: Pick<Leaf, "certificate" | "key">): Promise<Pair> {
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
const reason = (verdict: Verdict): readonly string[] => (verdict.do === "issue" ? [verdict.because] : []);

function onlyIf<Name extends string>(name: Name, verdict: Verdict): Partial<Record<Name, { readonly because: string }>> {
  return verdict.do === "issue" ? ({ [name]: { because: verdict.because } } as Record<Name, { because: string }>) : {};
}

async function tokenProblem(root: string): Promise<readonly string[]> {
  const token = await readIfThere(join(root, layout.tls.apiToken));
  if (token !== undefined && /^[0-9a-f]{64}\n?$/.test(token)) return [];
  const what = token === undefined ? "is missing" : "is not 64 hexadecimal digits";
  return [`${layout.tls.apiToken} ${what}; restore it from a backup, or write a new one with: openssl rand -hex 32`];
}

/** Nobody renews a CA by itself, and nothing it signs can outlive it. */
function endsSoon({ name, certificate }: Authority, pair: Pair, now: Date): readonly string[] {
  const end = pair.certificate === undefined ? undefined : parse(pair.certificate)?.validTo;
  if (end === undefined || Date.parse(end) - now.getTime() >= CA_ENDS_SOON) return [];
  return [
    `${certificate} expires on ${end}, and nothing that it signs lasts longer; bsroot-builder pki rotate ${name} says what is to be done`,
  ];
}

/** Keys that were taken out of the description do not stay about. */
async function strays(root: string, wanted: readonly string[]): Promise<readonly string[]> {
  const known = new Set(wanted);
  const present = await Promise.all(
    [TSIG_KEYS, MACHINES].map(async (folder) => (await readdir(join(root, folder)).catch(() => [])).map((name) => `${folder}/${name}`)),
  );
  const optional = await Promise.all(OPTIONAL.map(async (path) => ((await readIfThere(join(root, path))) === undefined ? [] : [path])));
  return [...present, ...optional]
    .flat()
    .filter((path) => !known.has(path))
    .sort();
}
