/** What is deployed into the cluster: add-ons that there are, settings that they have, and what each needs of the rest of the description. */
import type { Kubernetes, PodNetwork, TsigKey } from "../../cluster.ts";
import { type AddOnName, addOnNames, isAddOn, meantAddOn, rowOf } from "../../kubernetes/addons.ts";
import { keysForExternalDns } from "../../kubernetes/external-dns.ts";
import { type Facts, isLost, isUnclear, type Stated } from "../facts.ts";
import { type Finding, formatPath, type Path, quote } from "../problem.ts";
import { nearest } from "../suggest.ts";

export interface AddOnFacts {
  /** Whether the description asks for Kubernetes. */
  readonly asked: boolean;
  readonly podNetwork?: PodNetwork | undefined;
  readonly clusterDns?: Kubernetes["clusterDns"] | undefined;
  readonly nodePorts?: readonly [number, number] | undefined;
  readonly written: readonly WrittenAddOn[];
  /** Their names. */
  readonly charts: readonly Stated<string>[];
  readonly keys: readonly Pick<TsigKey, "name" | "may">[];
  /** Of every machine. */
  readonly labels: readonly Readonly<Record<string, string | undefined>>[];
}
export interface WrittenAddOn {
  readonly name: string;
  readonly path: Path;
  readonly settings: Readonly<Record<string, string | undefined>>;
}

export function* checkAddOns(facts: Facts): Iterable<Finding> {
  const { addOns } = facts;
  if (!addOns) return;
  const first = addOns.written[0] ?? addOns.charts[0];
  const inDoubt = isLost(facts, ["kubernetes", "version"]) || isUnclear(facts, ["kubernetes"]);
  if (!addOns.asked && first && !inDoubt) {
    yield { path: first.path, message: "stands there without a version of Kubernetes; write kubernetes.version: too" };
  }
  for (const one of addOns.written) {
    if (!isAddOn(one.name)) yield unknownAddOn(one);
    else yield* checkOne({ ...one, name: one.name }, addOns, facts);
  }
  yield* checkTogether(addOns);
  yield* checkCharts(addOns);
}

type Known = WrittenAddOn & { readonly name: AddOnName };

function unknownAddOn({ name, path }: WrittenAddOn): Finding {
  if (name === "helm")
    return {
      path,
      aboutName: true,
      message: `"helm" is no add-on, as charts are rendered when the bsroot is built; write them below kubernetes.charts`,
    };
  const meant = meantAddOn(name);
  if (meant !== undefined && rowOf(meant).listed) return { path, aboutName: true, message: elsewhere(meant) };
  const instead =
    meant ??
    `one of ${addOnNames.filter((one) => !rowOf(one).podNetwork && !rowOf(one).listed).join(", ")}, or a chart below kubernetes.charts`;
  return { path, aboutName: true, message: `${quote(name)} is no add-on; write ${instead}` };
}

const elsewhere = (name: AddOnName): string => `${quote(name)} has no settings but a list; write it at kubernetes.${rowOf(name).listed}`;

function* checkOne(one: Known, addOns: AddOnFacts, facts: Facts): Iterable<Finding> {
  const { name, path } = one;
  const { needs, needsLabel, podNetwork, listed } = rowOf(name);
  if (listed !== undefined) return yield { path, aboutName: true, message: elsewhere(name) };
  if (podNetwork !== undefined && addOns.podNetwork !== undefined && addOns.podNetwork !== podNetwork) {
    const message = `there is one pod network, and it is ${addOns.podNetwork}; leave this out, or write podNetwork: ${podNetwork}`;
    yield { path, aboutName: true, message };
  }
  yield* checkSettings(one);
  const inDoubt = facts.machines.some(({ roles }) => !roles);
  if (needs && !inDoubt && !facts.machines.some(({ roles }) => roles?.includes(needs))) {
    yield {
      path,
      aboutName: true,
      message: `${name} runs on machines with role ${needs}, and there is none; write roles: [${needs}] for one`,
    };
  }
  if (needsLabel && !inDoubt && !addOns.labels.some((labels) => labels[needsLabel] === "true")) {
    const message = `${name} runs on machines with the label ${needsLabel}, and there is none; write labels: { ${needsLabel}: "true" } for one`;
    yield { path, aboutName: true, message };
  }
  if (name === "coredns" && addOns.clusterDns === "none")
    yield {
      path,
      aboutName: true,
      message: "the cluster has no CoreDNS, as clusterDns is none; leave this out, or write clusterDns: coredns",
    };
  if (name === "external-dns") yield* checkKey(one, addOns);
  if (name === "traefik") yield* checkNodePorts(one, addOns);
}

function* checkSettings({ name, path, settings }: Known): Iterable<Finding> {
  const known = rowOf(name).settings;
  for (const [key, value] of Object.entries(settings)) {
    const where = [...path, key];
    if (!Object.hasOwn(known, key)) {
      const names = Object.keys(known);
      const meant = nearest(key, names);
      yield {
        path: where,
        aboutName: true,
        message: `${quote(key)} is no setting of ${name}; write ${meant ?? `one of ${names.join(", ")}`}`,
      };
    } else if (value !== undefined) {
      const message = objection(known[key]!.read, value);
      if (message !== undefined) yield { path: where, message };
    }
  }
}

function objection(read: (text: string) => string, value: string): string | undefined {
  try {
    read(value);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return cause.message;
  }
}

/** It writes names and reads them back by zone transfer, so it needs a key that may do both. */
function* checkKey({ path, settings }: Known, { keys }: AddOnFacts): Iterable<Finding> {
  const chosen = settings["key"];
  const able = keysForExternalDns(keys, chosen);
  const where = chosen === undefined ? path : [...path, "key"];
  if (able.length === 0) {
    const which =
      chosen === undefined
        ? "there is no key"
        : keys.some(({ name }) => name === chosen)
          ? `${quote(chosen)} is no key`
          : `there is no key ${quote(chosen)}`;
    const example = `{ name: ${chosen ?? "external-dns"}, may: [update, transfer] }`;
    yield { path: where, message: `${which} that may both update and transfer; write ${example} below dns.keys` };
  } else if (able.length > 1) {
    yield {
      path,
      message: `${able.map(({ name }) => name).join(" and ")} may both update and transfer; write key: for the one that is meant`,
    };
  }
}

function* checkNodePorts({ path, settings }: Known, { nodePorts }: AddOnFacts): Iterable<Finding> {
  if (objection(rowOf("traefik").settings["hostNetwork"]!.read, settings["hostNetwork"] ?? "yes") !== undefined) return;
  if (!nodePorts || rowOf("traefik").settings["hostNetwork"]!.read(settings["hostNetwork"] ?? "yes") === "yes") return;
  const [first, last] = nodePorts;
  const ports = ["httpNodePort", "httpsNodePort"].map((key) => ({
    key,
    port: Number(settings[key] ?? rowOf("traefik").settings[key]!.otherwise),
  }));
  for (const { key, port } of ports) {
    if (port < first || port > last)
      yield {
        path: key in settings ? [...path, key] : path,
        message: `${key} ${port} is not one of nodePorts; write ${key}: with one from ${first} to ${last}`,
      };
  }
  if (ports[0]!.port === ports[1]!.port)
    yield { path, message: `HTTP and HTTPS would have the same port ${ports[0]!.port}; write two different ones` };
}

const CLASSES = ["local-path", "rook-ceph"] as const;

/** Add-ons among each other. */
function* checkTogether({ written, charts }: AddOnFacts): Iterable<Finding> {
  const classes = CLASSES.flatMap((name) => written.filter((one) => one.name === name));
  const defaults = classes.filter(({ name, settings }) => isDefault(name as (typeof CLASSES)[number], settings["default"]));
  if (defaults.length > 1) {
    const [one, other] = defaults as [WrittenAddOn, WrittenAddOn];
    yield {
      path: other.path,
      message: `claims without a class would be of ${one.name} and of ${other.name}; write default: no for one of them`,
    };
  }
  for (const { name, path, settings } of written) {
    if (settings["storage"] === undefined || classes.length > 0 || charts.length > 0) continue;
    const message = `nothing here makes volumes, so ${name} would wait for one; write local-path or rook-ceph beside it, or leave storage: out`;
    yield { path: [...path, "storage"], message, warning: true };
  }
}

function isDefault(name: (typeof CLASSES)[number], value: string | undefined): boolean {
  const { read, otherwise } = rowOf(name).settings["default"]!;
  return value === undefined ? otherwise === "yes" : objection(read, value) === undefined && read(value) === "yes";
}

/** Each has a folder of its name, and so has each add-on. */
function* checkCharts({ charts, written, podNetwork }: AddOnFacts): Iterable<Finding> {
  for (const [index, { value, path }] of charts.entries()) {
    const same = charts.slice(0, index).find((before) => before.value === value);
    if (same) yield { path, message: `"${value}" is also ${formatPath(same.path)}; write a name of its own for each chart` };
    else if (written.some(({ name }) => name === value) || value === podNetwork)
      yield { path, message: `"${value}" is an add-on of this cluster too; write another name for the chart, or leave the add-on out` };
  }
}
