/** cluster-desc.yml, in either form -> a Cluster, or every mistake in it at once. */
import type { Cluster } from "./cluster.ts";
import { check } from "./description/check.ts";
import { readDocument, type Value } from "./description/document.ts";
import { clusterOfNewForm, factsOfNewForm, partialForm } from "./description/from-new-form.ts";
import { newForm } from "./description/new-form.ts";
import { type Finding, formatPath, oneLine, type Problem } from "./description/problem.ts";
import { salvage } from "./description/salvage.ts";

export { formatProblem, type Problem } from "./description/problem.ts";

export type Parsed =
  | { readonly ok: true; readonly cluster: Cluster; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Looks at nothing but `text`; `file` is what the problems are to call it. */
export function parse(text: string, file: string): Parsed {
  const reading = readDocument(text);
  if (!reading.ok) {
    const problems = reading.mistakes.map(({ line, column, message }) => ({ file, line, column, path: "", message: oneLine(message) }));
    return { ok: false, problems: inOrder(problems), warnings: [] };
  }
  const { document } = reading;
  const { cluster, findings } = understand(document.value);
  const problem = ({ path, message, aboutName }: Finding): Problem => ({
    file,
    ...document.at(path, aboutName),
    path: formatPath(path),
    message: oneLine(message),
  });
  const all = [...reading.findings, ...findings];
  const problems = inOrder(all.filter(({ warning }) => !warning).map(problem));
  const warnings = inOrder(all.filter(({ warning }) => warning).map(problem));
  return cluster && problems.length === 0 ? { ok: true, cluster, warnings } : { ok: false, problems, warnings };
}

interface Understood {
  readonly cluster?: Cluster;
  readonly findings: readonly Finding[];
}

function understand(value: Value): Understood {
  const { whole, part, findings, lost } = salvage(newForm, partialForm, value);
  return { ...(whole && { cluster: clusterOfNewForm(whole) }), findings: [...findings, ...check(factsOfNewForm(part, lost))] };
}

const inOrder = (problems: readonly Problem[]): readonly Problem[] => [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
