/** Reads a value by a schema and keeps what is right although something beside it is wrong, so that checks can go on. */
import type { z } from "zod";
import type { Value } from "./document.ts";
import { type Finding, formatPath, type Path } from "./problem.ts";

export interface Salvaged<Whole, Part> {
  /** Absent when there are findings. */
  readonly whole?: Whole;
  readonly part: Part;
  readonly findings: readonly Finding[];
  readonly gaps: Gaps;
}

/** Where `part` says less than the description wanted to; paths as `formatPath` spells them. */
export interface Gaps {
  /** Missing or wrong: a default or nothing stands there. */
  readonly lost: ReadonlySet<string>;
  /** Blocks that have a field of no known name, perhaps a slip for one that seems to be missing. */
  readonly unclear: ReadonlySet<string>;
}

/** `partial` is `schema` with every field optional. */
export function salvage<Whole, Part>(schema: z.ZodType<Whole>, partial: z.ZodType<Part>, value: Value): Salvaged<Whole, Part> {
  const read = schema.safeParse(value);
  if (read.success) return { whole: read.data, part: partial.parse(value), findings: [], gaps: { lost: new Set(), unclear: new Set() } };
  const { issues } = read.error;
  const { part, lost } = keep(partial, value, issues);
  const unclear = issues.filter(({ code }) => code === "unrecognized_keys").map(steps);
  const gaps = { lost: new Set(lost.map(formatPath)), unclear: new Set(unclear.map(formatPath)) };
  return { part, findings: issues.flatMap(findingsOf), gaps };
}

/** What is left when everything an issue points at is taken out. */
function keep<Part>(
  partial: z.ZodType<Part>,
  value: Value,
  issues: readonly z.core.$ZodIssue[],
): { readonly part: Part; readonly lost: readonly Path[] } {
  const rest: unknown = structuredClone(value);
  const lost: Path[] = [];
  let found = issues;
  for (const without of [empty, remove]) {
    for (const path of found.flatMap(pathsOf)) {
      if (path.length === 0) return { part: partial.parse({}), lost: [[]] };
      lost.push(without(rest, path));
    }
    const read = partial.safeParse(rest);
    if (read.success) return { part: read.data, lost };
    found = read.error.issues;
  }
  return { part: partial.parse({}), lost: [[]] };
}

/** A field goes; an item becomes an empty block, so that a list of blocks keeps its other items and their numbers. */
function empty(value: unknown, path: Path): Path {
  const holder = holderOf(value, path);
  const last = path.at(-1)!;
  if (typeof last === "string") delete holder?.[last];
  else if (holder) holder[last] = {};
  return path;
}

/** The innermost field on `path` goes: a list of words that holds a wrong one is not used at all. */
function remove(value: unknown, path: Path): Path {
  const field = path.slice(0, path.findLastIndex((step) => typeof step === "string") + 1);
  if (field.length > 0) delete holderOf(value, field)?.[field.at(-1)!];
  return field;
}

const holderOf = (value: unknown, path: Path): Record<string | number, unknown> | undefined => {
  const holder = path.slice(0, -1).reduce<unknown>((here, step) => (isHolder(here) ? here[step] : undefined), value);
  return isHolder(holder) ? holder : undefined;
};
const isHolder = (value: unknown): value is Record<string | number, unknown> => typeof value === "object" && value !== null;

const pathsOf = (issue: z.core.$ZodIssue): readonly Path[] =>
  issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...steps(issue), key]) : [steps(issue)];

/** Our schemas' messages are complete sentences (fields.ts); a block's message has one line for each unknown field. */
function findingsOf(issue: z.core.$ZodIssue): readonly Finding[] {
  const path = steps(issue);
  if (issue.code === "unrecognized_keys") {
    const lines = issue.message.split("\n");
    return issue.keys.map((key, index) => ({ path: [...path, key], message: lines[index] ?? issue.message, aboutName: true as const }));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, message, aboutName: true as const }));
  // An alternative that has the right kind of value is the one that was meant.
  const meant = issue.code === "invalid_union" ? issue.errors.find((issues) => !issues.some(isWrongKind)) : undefined;
  const inner = issue.code === "invalid_union" ? (meant ?? issue.errors[0] ?? []) : [];
  if (inner.length > 0) return inner.flatMap(findingsOf).map((finding) => ({ ...finding, path: [...path, ...finding.path] }));
  const aboutName = issue.code === "custom" && issue.params?.["aboutName"] === true;
  return [{ path, message: issue.message, ...(aboutName && { aboutName }) }];
}

const isWrongKind = (issue: z.core.$ZodIssue): boolean => issue.code === "invalid_type" && issue.path.length === 0;
const steps = (issue: z.core.$ZodIssue): Path => issue.path.map((step) => (typeof step === "number" ? step : String(step)));
