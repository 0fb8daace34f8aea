/** The Kubernetes releases of a cluster with each other, and with what runs beside them. */
import type { RoleName } from "../../cluster.ts";
import { COMPONENTS, componentsFor } from "../../kubernetes/components.ts";
import { joinObjection } from "../../kubernetes/kubeadm-api.ts";
import { gaps, objections, skewOf } from "../../kubernetes/matrix.ts";
import { compare, minorOf, minorsAhead } from "../../kubernetes/version.ts";
import type { Stated } from "../facts.ts";
import { type Finding, formatPath } from "../problem.ts";

/** Versions as they are written: exact, a minor, or "current", of which nothing can be said yet. */
export interface ReleaseFacts {
  readonly version?: Stated<string> | undefined;
  readonly offered: readonly Stated<string>[];
  /** By name, as in the description. */
  readonly components: Readonly<Record<string, Stated<string> | undefined>>;
  readonly machines: readonly { readonly release?: Stated<string> | undefined; readonly roles?: readonly RoleName[] | undefined }[];
}

export function* checkReleases({ version, offered, components, machines }: ReleaseFacts): Iterable<Finding> {
  const own = machines.flatMap(({ release }) => release ?? []);
  if (!version) {
    const [first] = [...offered, ...own];
    if (first) yield { path: first.path, message: "stands there without a version of the cluster; write kubernetes.version: too" };
    return;
  }
  for (const [index, one] of offered.entries()) {
    const same = [version, ...offered.slice(0, index)].find(({ value }) => value === one.value);
    if (same) yield { path: one.path, message: `"${one.value}" is also ${formatPath(same.path)}; write each release once` };
  }
  const known = [version, ...offered, ...own].filter(({ value }) => value !== "current");
  yield* checkComponents(known, components);
  if (version.value === "current") return;
  for (const machine of machines) yield* checkSkew(machine, version.value);
  yield* checkGaps(known, offered);
}

function* checkComponents(releases: readonly Stated<string>[], written: ReleaseFacts["components"]): Iterable<Finding> {
  const chosen = Object.fromEntries(COMPONENTS.flatMap((name) => (written[name] ? [[name, written[name].value]] : [])));
  const etcd = written["etcd"]?.value;
  const said = new Set<string>();
  for (const release of releases) {
    for (const { component, is, message } of objections(release.value, {
      ...componentsFor(release.value, chosen),
      ...(etcd && { etcd }),
    })) {
      if (said.has(message)) continue;
      said.add(message);
      yield { path: written[component]?.path ?? release.path, message, ...(is === "untested" && { warning: true as const }) };
    }
  }
}

/** Control planes may be one minor apart while they are upgraded; a kubelet lags behind as far as the policy allows. */
function* checkSkew({ release, roles }: ReleaseFacts["machines"][number], apiServer: string): Iterable<Finding> {
  if (!release || release.value === "current") return;
  const isPlane = roles?.includes("control-plane");
  const apart = Math.abs(minorsAhead(release.value, apiServer));
  const because = isPlane
    ? apart > 1 && `control planes may be at most one minor release apart, and the cluster's is ${apiServer}`
    : skewOf(release.value, apiServer);
  const instead = isPlane ? `one of ${minorOf(apiServer)} or beside it` : `${minorOf(apiServer)}, or an older one that is near enough`;
  if (because) {
    yield { path: release.path, message: `${release.value} does not go with it: ${because}; write ${instead}` };
  } else if (compare(release.value, apiServer) < 0) {
    const cannot = joinObjection(release.value, apiServer);
    const message = `${release.value} may stay in the cluster, but not come into it: ${cannot}; write ${minorOf(apiServer)} unless it is a node already`;
    if (cannot) yield { path: release.path, message, warning: true };
  }
}

function* checkGaps(releases: readonly Stated<string>[], offered: readonly Stated<string>[]): Iterable<Finding> {
  for (const { after, before } of gaps(releases.map(({ value }) => value))) {
    const [path] = offered.filter(({ value }) => compare(value, before) === 0 || compare(value, after) === 0).map((one) => one.path);
    const between = `1.${Number(minorOf(after).split(".")[1]) + 1}`;
    const message = `from ${after} to ${before} leads no upgrade, as kubeadm takes one minor release at a time; write ${between} beside them`;
    yield { path: path ?? releases[0]!.path, message, warning: true };
  }
}
