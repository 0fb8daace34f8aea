/** Further files among each other: each has a place of its own. */
import type { Stated } from "../facts.ts";
import { type Finding, formatPath } from "../problem.ts";

export interface ExtraFacts {
  /** Where it is to be, below html/static/extras. */
  readonly extraPaths?: readonly Stated<string>[] | undefined;
}

export function* checkExtras({ extraPaths = [] }: ExtraFacts): Iterable<Finding> {
  const first = new Map<string, Stated<string>>();
  for (const one of extraPaths) {
    const same = first.get(one.value);
    if (same) yield { path: one.path, message: `"${one.value}" is also ${formatPath(same.path)}; write a place of its own for each file` };
    else first.set(one.value, one);
  }
  for (const { value, path } of extraPaths) {
    const folders = value.split("/").map((_, length, parts) => parts.slice(0, length).join("/"));
    const above = folders.map((folder) => first.get(folder)).find((found) => found !== undefined);
    if (above) yield { path, message: `"${value}" is below the file ${formatPath(above.path)}; write a place beside it` };
  }
}
