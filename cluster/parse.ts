/** cluster-desc.yml, in either form -> a Cluster, or every mistake in it at once. */
import type { Cluster } from "./cluster.ts";
import { check } from "./description/check.ts";
import { readDocument, type Value } from "./description/document.ts";
import { clusterOfNewForm, factsOfNewForm, partialForm } from "./description/from-new-form.ts";
import { checkOriginalForm, clusterOfOriginalForm, factsOfOriginalForm } from "./description/from-original-form.ts";
import { newForm } from "./description/new-form.ts";
import { originalForm, partialOriginalForm } from "./description/original-form.ts";
import { warnOfOriginalForm } from "./description/original-warnings.ts";
import { type Finding, formatPath, oneLine, type Problem } from "./description/problem.ts";
import { salvage } from "./description/salvage.ts";
import type { Position } from "./description/yaml.ts";

export { formatProblem, type Problem } from "./description/problem.ts";

export type Parsed =
  | { readonly ok: true; readonly cluster: Cluster; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Looks at nothing but `text`; `file` is what the problems are to call it. */
export function parse(text: string, file: string): Parsed {
  const reading = readDocument(text);
  const mistakes = reading.mistakes.map(({ path, message, line, column }) => problem(file, { line, column }, { path, message }));
  if (!reading.ok) return { ok: false, problems: inOrder(mistakes), warnings: [] };

  const { value, at } = reading.document;
  const { cluster, findings } = understand(value);
  const located = (wanted: boolean) =>
    findings
      .filter(({ warning = false }) => warning === wanted)
      .map((finding) => problem(file, at(finding.path, finding.aboutName), finding));
  const problems = inOrder([...mistakes, ...located(false)]);
  const warnings = inOrder(located(true));
  return cluster && problems.length === 0 ? { ok: true, cluster: frozen(cluster()), warnings } : { ok: false, problems, warnings };
}

const problem = (file: string, { line, column }: Position, { path, message }: Finding): Problem => ({
  file,
  line,
  column,
  path: formatPath(path),
  message: oneLine(message),
});

interface Understood {
  /** Only to be called when there is no problem. */
  readonly cluster?: () => Cluster;
  readonly findings: readonly Finding[];
}

function understand(value: Value): Understood {
  return isOriginal(value) ? understandOriginalForm(value) : understandNewForm(value);
}

function understandNewForm(value: Value): Understood {
  const { whole, part, findings, gaps } = salvage(newForm, partialForm, value);
  return { ...(whole && { cluster: () => clusterOfNewForm(whole) }), findings: [...findings, ...check(factsOfNewForm(part, gaps))] };
}

function understandOriginalForm(value: Value): Understood {
  const { whole, part, findings, gaps } = salvage(originalForm, partialOriginalForm, value);
  const more = [...checkOriginalForm(part), ...check(factsOfOriginalForm(part, gaps)), ...warnOfOriginalForm(part)];
  return { ...(whole && { cluster: () => clusterOfOriginalForm(whole) }), findings: [...findings, ...more] };
}

/** The forms have no field in common, so the one that knows more of the fields is meant. */
function isOriginal(value: Value): boolean {
  const fields = value === undefined || typeof value === "string" || Array.isArray(value) ? [] : Object.keys(value);
  const known = (shape: object) => fields.filter((field) => Object.hasOwn(shape, field)).length;
  return known(originalForm.shape) > known(newForm.shape);
}

/** From top to bottom; what an alias repeats is said once. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const once = new Map(problems.toReversed().map((one) => [`${one.line}:${one.column}:${one.message}`, one])).values();
  return [...once].toReversed().sort((a, b) => a.line - b.line || a.column - b.column);
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}
