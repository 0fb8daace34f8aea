/** A bsroot on this server's disk: what is needed of it at once is read at the start, secrets only when they are released. */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { type ManifestFile, parseLock, parseManifest } from "../cluster/bsroot-files.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { layout } from "../cluster/layout.ts";
import { formatProblem, parse } from "../cluster/parse.ts";
import { resolve as withVersions } from "../cluster/resolve.ts";

export interface Bsroot {
  /** Absolute, without links. */
  readonly folder: string;
  /** No version in it is "current". */
  readonly cluster: Cluster;
  readonly files: readonly ManifestFile[];
  /** The appliance's CA certificate, PEM. */
  readonly ca: string;
  /** PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** SHA-256, hex. */
  readonly apiTokenHash: string;
  /** What the operator should know of it; one line each. */
  readonly warnings: readonly string[];
}

/** A bsroot that cannot be served: each line says which file, what is wrong with it and what to do. */
export class BsrootError extends Error {
  override readonly name = "BsrootError";
}

const BUILD = "build the bsroot again with bsroot-builder and copy it here whole";

/** Throws BsrootError with every reason at once. */
export async function loadBsroot(path: string): Promise<Bsroot> {
  const folder = await realpath(path).catch(() => {
    throw new BsrootError(`${resolve(path)}: there is no such folder; name a bsroot with --bsroot`);
  });
  const problems: string[] = [];
  const text = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), "utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      problems.push(`${join(folder, name)}: ${code === "ENOENT" ? "is missing" : message}; ${BUILD}`);
      return "";
    }
  };
  const manifest = await text(layout.manifest);
  const description = await text(layout.description);
  const lock = await text(layout.lock);
  const ca = await text(layout.tls.ca);
  const cert = await text(layout.tls.bootstrapper);
  const key = await text(layout.tls.bootstrapperKey);
  const token = (await text(layout.tls.apiToken)).trim();
  if (problems.length > 0) throw new BsrootError(problems.join("\n"));

  const parsed = parse(description, join(folder, layout.description));
  if (!parsed.ok) throw new BsrootError(parsed.problems.map(formatProblem).join("\n"));
  const understood = <T>(name: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw new BsrootError(`${join(folder, name)}: ${(error as Error).message}; ${BUILD}`);
    }
  };
  const cluster = understood(layout.lock, () => withVersions(parsed.cluster, parseLock(lock)));
  const { files } = understood(layout.manifest, () => parseManifest(manifest));
  understood(layout.tls.bootstrapper, () => checkPair(cert, key));
  if (token.length < 32) throw new BsrootError(`${join(folder, layout.tls.apiToken)}: is no token of at least 32 characters; ${BUILD}`);
  const apiTokenHash = createHash("sha256").update(token).digest("hex");
  return { folder, cluster, files, ca, tls: { cert, key }, apiTokenHash, warnings: parsed.warnings.map(formatProblem) };
}

function checkPair(cert: string, key: string): void {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
    throw new Error(`does not belong to ${layout.tls.bootstrapperKey}`);
}

/** Why machines would not believe our certificate; empty when they do. */
export function certificateProblems({ tls, ca }: Pick<Bsroot, "tls" | "ca">, address: string, now: number): readonly string[] {
  const certificate = new X509Certificate(tls.cert);
  const says = (what: string): string => `${layout.tls.bootstrapper}: ${what}; ${BUILD}`;
  const problems: string[] = [];
  if (!certificate.checkIP(address))
    problems.push(says(`is not for ${address}, so machines will not give their reports or take their configuration`));
  if (now >= Date.parse(certificate.validTo)) problems.push(says(`ended on ${certificate.validTo}`));
  if (now < Date.parse(certificate.validFrom)) problems.push(says(`begins on ${certificate.validFrom}; or set this server's clock`));
  if (!certificate.verify(new X509Certificate(ca).publicKey)) problems.push(says(`was not signed by ${layout.tls.ca}`));
  return problems;
}

/** A quick look at every file: whether it is there, has its size, and, if secret, is closed to others. */
export async function glance({ folder, files }: Pick<Bsroot, "folder" | "files">): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const { path, size, secret } of files) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (!found?.isFile()) problems.push(`${path}: is missing`);
    else if (found.size !== size) problems.push(`${path}: has ${found.size} bytes instead of ${size}`);
    else if (secret && (found.mode & 0o077) !== 0) problems.push(`${path}: is a secret that others may read; run chmod 600 on it`);
  }
  return problems;
}

/** Milliseconds; what an operator puts into a bsroot is noticed then. */
const LOOK_EVERY = 1000;

/** Tells whether a file is there, in the manifest or put there since. `now` in milliseconds. */
export function presence({ folder }: Pick<Bsroot, "folder">, now: () => number): (path: string) => boolean {
  const looks = new Map<string, { readonly there: boolean; readonly at: number }>();
  return (path) => {
    const last = looks.get(path);
    if (last && now() - last.at < LOOK_EVERY) return last.there;
    const there = existsSync(join(folder, path));
    looks.set(path, { there, at: now() });
    return there;
  };
}

/** Reads every byte of one file. undefined: it is what the manifest says. Never throws. */
export async function difference(
  { folder }: Pick<Bsroot, "folder">,
  { path, sha256 }: ManifestFile,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const hash = createHash("sha256");
  try {
    // Small pieces: the hash is computed between the answers to machines.
    for await (const piece of createReadStream(join(folder, path), { highWaterMark: 1 << 18, signal })) hash.update(piece as Uint8Array);
  } catch (error) {
    return signal?.aborted ? undefined : `${path}: cannot be read: ${(error as Error).message}`;
  }
  return hash.digest("hex") === sha256 ? undefined : `${path}: has other bytes than the manifest says`;
}

/** A whole file as the manifest says it is; undefined when that lists none. Rejects when it has other bytes. */
export async function readListed({ folder, files }: Pick<Bsroot, "folder" | "files">, path: string): Promise<Uint8Array | undefined> {
  const file = files.find((one) => one.path === path);
  if (!file) return undefined;
  const bytes = await readFile(join(folder, path)).catch((error: Error) => {
    throw new BsrootError(`${path}: cannot be read: ${error.message}`);
  });
  if (createHash("sha256").update(bytes).digest("hex") !== file.sha256)
    throw new BsrootError(`${path}: has other bytes than the manifest says; copy the bsroot here again`);
  return bytes;
}

/** The bytes of a file below tls/, and of no other. */
export async function readSecret({ folder }: Pick<Bsroot, "folder">, path: string): Promise<Uint8Array> {
  const place = await realpath(join(folder, path));
  if (!place.startsWith(join(folder, layout.tls.folder) + sep)) throw new BsrootError(`${path}: is not in ${layout.tls.folder}/`);
  return readFile(place);
}
