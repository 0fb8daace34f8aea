/** The command line and the environment, read once and frozen. Nobody else looks at either. */
import { parseArgs } from "node:util";
import { type Ipv4, ipv4 } from "../cluster/address.ts";
import { clusterOrder, type Order, USES } from "./cluster-words.ts";
import { LEASE_FORMATS, type LeaseFormat } from "./dhcp/export.ts";
import type { LineFormat } from "./journal-line.ts";
import type { TimeMode } from "./time.ts";

export interface Settings {
  /** `check`: say what would be served, and whether all of it is there. `leases`: list them. `cluster`: order the server that runs. */
  readonly command: "serve" | "check" | "leases" | "cluster";
  /** Of `cluster`: what is to be done. */
  readonly order?: Order;
  /** Of `cluster`: the plan is carried out without asking. */
  readonly yes?: boolean;
  /** As the operator wrote it: a path from the working folder. */
  readonly bsroot: string;
  readonly state: string;
  /** Our own address; absent: the one of cluster-desc.yml. */
  readonly address?: Ipv4;
  readonly ports: Ports;
  readonly time: TimeMode;
  readonly registry: "serve" | "off";
  /** Whether the network is asked who has an address before a machine is offered it for the first time. */
  readonly probe: "on" | "off";
  readonly log: LineFormat;
  /** How leases are listed. */
  readonly format: LeaseFormat;
  /** Where programs that we start are looked for: PATH. */
  readonly path: string;
}
export interface Ports {
  readonly http: number;
  readonly https: number;
  readonly dhcp: number;
  readonly tftp: number;
  readonly dns: number;
  readonly time: number;
  readonly registry: number;
}

/** Wrong use: the program says so and ends with code 2. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

interface Option<T> {
  /** What stands for the value in the help. */
  readonly value: string;
  readonly about: string;
  readonly preset: string;
  /** Throws Error with what is wrong. */
  read(text: string): T;
}
const option = <T>(value: string, preset: string, about: string, read: (text: string) => T): Option<T> => ({ value, about, preset, read });
const port = (preset: number, about: string): Option<number> => option("PORT", String(preset), about, portNumber);

/** A row is the whole option: `--http-port 80` and SEXTANT_HTTP_PORT=80 come from the same one. */
const OPTIONS = {
  bsroot: option("FOLDER", "/bsroot", "the bsroot that bsroot-builder made", path),
  state: option("FOLDER", "/var/lib/sextant", "leases, phases and journal live here", path),
  address: option("ADDRESS", "", "our own address, if not the one in cluster-desc.yml", (text) => (text === "" ? undefined : ipv4(text))),
  "http-port": port(80, "boot scripts, install scripts and files"),
  "https-port": port(443, "secrets, reports, API and web page"),
  "dhcp-port": port(67, "another one is answered to the port after it, as in tests"),
  "tftp-port": port(69, "boot loaders"),
  "dns-port": port(53, "names of machines, and questions passed on"),
  "time-port": port(123, "NTP"),
  "registry-port": port(5000, "container images"),
  time: option("MODE", "serve", "off; serve: give out this host's clock; steer: set it too", oneOf("off", "serve", "steer")),
  registry: option("MODE", "serve", "off; serve: give out the container images of the bsroot, if it has any", oneOf("off", "serve")),
  probe: option("MODE", "on", "on: ask who has an address before it is first offered; off", oneOf("on", "off")),
  log: option("FORMAT", "text", "text or json", oneOf("text", "json")),
  batch: option("COUNT", "1", "how many workers an operation on the cluster takes at a time", countOf),
  format: option("FORMAT", "text", `how leases are listed: ${LEASE_FORMATS.join(", ")}`, oneOf(...LEASE_FORMATS)),
} as const;
type Name = keyof typeof OPTIONS;

export type Invocation = Settings | { readonly command: "help"; readonly text: string };

/** `words`: argv without node and the script. Throws SettingsError. */
export function readSettings(words: readonly string[], environment: Readonly<Record<string, string | undefined>>): Invocation {
  const { command, given, more, yes } = parsed(words);
  if (command === "help") return { command, text: HELP };
  const read = <N extends Name>(name: N): ReturnType<(typeof OPTIONS)[N]["read"]> => {
    const variable = `SEXTANT_${name.toUpperCase().replaceAll("-", "_")}`;
    const fromFlag = given[name];
    const text = fromFlag ?? environment[variable] ?? OPTIONS[name].preset;
    try {
      return OPTIONS[name].read(text) as ReturnType<(typeof OPTIONS)[N]["read"]>;
    } catch (error) {
      throw wrong(`${fromFlag === undefined ? variable : `--${name}`}: ${(error as Error).message}`);
    }
  };
  const address = read("address");
  const batch = read("batch");
  return Object.freeze({
    command,
    ...(command === "cluster" && { order: ordered(more, batch), yes }),
    bsroot: read("bsroot"),
    state: read("state"),
    ...(address !== undefined && { address }),
    ports: Object.freeze({
      http: read("http-port"),
      https: read("https-port"),
      dhcp: read("dhcp-port"),
      tftp: read("tftp-port"),
      dns: read("dns-port"),
      time: read("time-port"),
      registry: read("registry-port"),
    }),
    time: read("time"),
    registry: read("registry"),
    probe: read("probe"),
    log: read("log"),
    format: read("format"),
    path: environment["PATH"] ?? "",
  });
}

function ordered(words: readonly string[], batch: number): Order {
  try {
    return clusterOrder(words, batch);
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

interface Parsed {
  readonly command: Settings["command"] | "help";
  readonly given: Readonly<Partial<Record<Name, string>>>;
  /** The words after the command. */
  readonly more: readonly string[];
  readonly yes: boolean;
}

function parsed(words: readonly string[]): Parsed {
  const options = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: "string" }])) as Record<Name, { type: "string" }>;
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { ...options, help: { type: "boolean", short: "h" }, yes: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const { help, yes, ...given } = values;
    const [command = "", ...more] = positionals;
    if (help || command === "help") return { command: "help", given, more, yes };
    if (command === "cluster") return { command, given, more, yes };
    if (command !== "serve" && command !== "check" && command !== "leases")
      throw new Error(command ? `there is no command "${command}"` : "no command is given");
    if (more.length > 0) throw new Error(`"${more[0]}" is one word too many`);
    if (yes) throw new Error("--yes is for bootstrapper cluster");
    return { command, given, more, yes };
  } catch (error) {
    throw wrong((error as Error).message);
  }
}

const HELP = `bootstrapper: boots, installs and watches the machines of a cluster, from a bsroot and without internet.

  bootstrapper serve [options]    serve until told to end (SIGTERM); read the bsroot again on SIGHUP
  bootstrapper check [options]    say what would be served, and whether all of it is there and whole
  bootstrapper leases [options]   list the leases in the state folder, also while it is being served from
  bootstrapper cluster ORDER      order the server that runs; plans are shown first, and carried out after a yes, or with --yes:

${USES.split("\n")
  .map((line) => `    ${line}`)
  .join("\n")}

${Object.entries(OPTIONS)
  .map(([name, { value, about, preset }]) => `  ${`--${name} ${value}`.padEnd(22)}${about}${preset && ` [${preset}]`}`)
  .join("\n")}

Each option may also be a variable of the environment: --http-port 80 is SEXTANT_HTTP_PORT=80.
`;

const wrong = (what: string): SettingsError => new SettingsError(`${what}; see bootstrapper --help`);

function path(text: string): string {
  if (text === "" || text.includes("\0")) throw new Error("is no path of a folder");
  return text;
}

function countOf(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new Error(`"${text}" is no count; write a number from 1 to 99`);
  return Number(text);
}

function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535 || Number(text) === 0)
    throw new Error(`"${text}" is no port; write a number from 1 to 65535`);
  return Number(text);
}

function oneOf<T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new Error(`"${text}" is none of ${words.join(", ")}`);
    return found;
  };
}
