/** Reads cluster-desc.yml from disk for every command that needs one. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Cluster } from "../../cluster/cluster.ts";
import { formatProblem, parse } from "../../cluster/parse.ts";
import { inWords } from "../download/space.ts";
import { Failure } from "./failure.ts";

export const DEFAULT_FILE = "cluster-desc.yml";

export interface Description {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  readonly cluster: Cluster;
  /** One line each. */
  readonly warnings: readonly string[];
}

/** Nothing larger is a description; the parser has its own limits below this. */
const LARGEST = 16 << 20;

/** Throws Failure with every mistake in it. */
export async function readDescription(file: string): Promise<Description> {
  const text = await read(file).catch((error: NodeJS.ErrnoException) => {
    const wayOut = error.code === "ENOENT" ? "; bsroot-builder init writes one to start from" : "";
    throw error instanceof Failure ? error : new Failure([`${file}: cannot be read (${error.code ?? error.message})${wayOut}`]);
  });
  const parsed = parse(text, file);
  const warnings = parsed.warnings.map(formatProblem);
  if (!parsed.ok) throw new Failure(parsed.problems.map(formatProblem), warnings);
  return { path: resolve(file), text, cluster: parsed.cluster, warnings };
}

async function read(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > LARGEST) throw new Failure([`${file}: has ${inWords(size)}; a cluster description is a few kilobytes`]);
  return readFile(file, "utf8");
}
