/** Secrets that pods pull images with: none that stands in another's place, and no two for one registry in one namespace. */
import { type Facts, isLost, isUnclear, type Stated } from "../facts.ts";
import { type Finding, formatPath, type Path, quote } from "../problem.ts";

export interface PullSecretFacts {
  readonly path: Path;
  readonly name?: Stated<string> | undefined;
  readonly registry?: Stated<string> | undefined;
  readonly namespaces: readonly Stated<string>[];
}

export function* checkPullSecrets(facts: Facts): Iterable<Finding> {
  const { pullSecrets = [], addOns } = facts;
  const [first] = pullSecrets;
  const inDoubt = isLost(facts, ["kubernetes", "version"]) || isUnclear(facts, ["kubernetes"]);
  if (first && !addOns?.asked && !inDoubt)
    yield { path: first.path, message: "stands there without a version of Kubernetes; write kubernetes.version: too" };
  const twin = first && addOns?.charts.find(({ value }) => value === "image-pull-secrets");
  if (twin) yield { path: twin.path, message: `"${twin.value}" is what imagePullSecrets become; write another name for the chart` };

  const names = new Map<string, Path>();
  const places = new Map<string, Path>();
  for (const { name, registry, namespaces } of pullSecrets) {
    if (name) yield* once(names, name.value, name.path, () => `${quote(name.value)} is also`, "write a name of its own for each");
    for (const { value, path } of namespaces) {
      const key = registry ? `${value} ${registry.value}` : JSON.stringify([path, value]);
      const what = registry ? `${registry.value} in ${value}` : value;
      yield* once(places, key, path, () => `${what} is already what pods have by`, "leave this one out");
    }
  }
}

function* once(seen: Map<string, Path>, key: string, path: Path, is: () => string, wayOut: string): Iterable<Finding> {
  const before = seen.get(key);
  if (before) yield { path, message: `${is()} ${formatPath(before)}; ${wayOut}` };
  else seen.set(key, path);
}
