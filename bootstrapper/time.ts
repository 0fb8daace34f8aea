/** Time for the nodes: chrony as a child of ours, with its configuration and its socket in our state folder. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { cidr, type Ipv4, type Subnet } from "../cluster/address.ts";
import { type Child, runChild } from "./child.ts";
import type { Journal } from "./journal.ts";
import { endOrphan } from "./orphan.ts";
import { openUdp } from "./wire/udp.ts";

/** `serve`: give out this host's clock and leave it alone. `steer`: set it too, from sources the operator names. */
export type TimeMode = "off" | "serve" | "steer";

export interface TimeSettings {
  readonly mode: Exclude<TimeMode, "off">;
  readonly address: Ipv4;
  /** 123 unless said otherwise. */
  readonly port: number;
  /** Who may ask. */
  readonly subnet: Subnet;
  /** Absolute path of the state folder. */
  readonly folder: string;
  readonly journal: Journal;
  readonly chronyd?: string;
  /** Milliseconds before chronyd is started again for the first time. */
  readonly soonest?: number;
}

export interface Time {
  ok(): boolean;
  /** "serving this host's clock, stratum 10" */
  health(): string;
  readonly pid: number | undefined;
  close(): Promise<void>;
}

/** Below what real servers have, and good enough for a client to believe. */
const STRATUM = 10;
const ASK_EVERY = 10_000;

/** Never throws for want of chrony: machines boot without a time server too, and the health says what is missing. */
export async function startTime(settings: TimeSettings): Promise<Time> {
  const { mode, folder, journal, chronyd = "chronyd" } = settings;
  const files = {
    conf: join(folder, "chrony.conf"),
    pid: join(folder, "time", "chronyd.pid"),
    socket: join(folder, "time", "chronyd.sock"),
  };
  await writeFile(files.conf, chronyConf(settings, files));
  if (process.getuid?.() !== 0) await mkdir(join(folder, "time"), { recursive: true, mode: 0o770 }); // chronyd would want to give it away
  let state = "starting";
  const child = await runChild({
    command: chronyd,
    args: ["-d", ...ordinaryUser(), ...(mode === "serve" ? ["-x"] : []), "-f", files.conf],
    hindrance: async () => {
      await endOrphan(files.pid, files.conf);
      return portTaken(settings);
    },
    onLine: (line) => journal({ from: "time", level: isComplaint(line) ? "warning" : "info", text: withoutTime(line) }),
    onTrouble: (because) => journal({ from: "time", level: "warning", text: `no time is served: ${because}${wayOut(because)}` }),
    ...(settings.soonest !== undefined && { soonest: settings.soonest }),
  });
  const ask = async (): Promise<void> => {
    state = await tracking(files.socket);
  };
  const asking = setInterval(() => void ask(), ASK_EVERY).unref();
  const first = setTimeout(() => void ask(), 500).unref();
  return {
    ok: () => child.trouble() === undefined,
    health: () => child.trouble() ?? (mode === "serve" ? `serving this host's clock, ${state}` : `steering this host's clock, ${state}`),
    get pid() {
      return child.pid;
    },
    close: () => close(child, [asking, first]),
  };
}

/** Without root's powers chronyd starts only when told that this is meant, and keeps its socket only in a folder of the user it is told. */
function ordinaryUser(): readonly string[] {
  if (process.getuid?.() === 0) return [];
  try {
    return ["-U", "-u", userInfo().username];
  } catch {
    return ["-U"]; // a user without a name: its socket, and with it what health says of the clock, is missing
  }
}

async function close(child: Child, timers: readonly NodeJS.Timeout[]): Promise<void> {
  for (const timer of timers) clearTimeout(timer);
  await child.close();
}

/** chrony.conf(5). */
export function chronyConf(
  { mode, address, port, subnet, folder }: Pick<TimeSettings, "mode" | "address" | "port" | "subnet" | "folder">,
  files: { readonly pid: string; readonly socket: string },
): string {
  const steering = [`confdir ${folder}/time.d`, `driftfile ${folder}/time/drift`, "makestep 1.0 3", "rtcsync"];
  return [
    "# Written by the bootstrapper at each start. To steer the clock, name sources in time.d/*.conf beside this file.",
    `bindaddress ${address}`,
    `port ${port}`,
    `allow ${cidr(subnet)}`,
    `local stratum ${STRATUM}`,
    "cmdport 0",
    `bindcmdaddress ${files.socket}`,
    `pidfile ${files.pid}`,
    ...(mode === "steer" ? steering : []),
    "",
  ].join("\n");
}

/** chronyd shares the port with any other server that shares it, silently, and each gets some of the questions. */
async function portTaken({ address, port }: TimeSettings): Promise<string | undefined> {
  try {
    const socket = await openUdp({ address, port }, () => {});
    await socket.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function wayOut(because: string): string {
  if (because.endsWith("is not installed")) return "; install the package chrony, or start with --time off";
  if (because.includes("another program has the port")) return "; if this host serves time already, start with --time off";
  return "";
}

/** One line of chronyc -c tracking: reference, its name, stratum, ... , leap status (chronyc(1)). */
function tracking(socket: string): Promise<string> {
  return new Promise((resolve) => {
    execFile("chronyc", ["-h", socket, "-c", "tracking"], { timeout: 2000 }, (error, answer) => {
      const [, name = "", stratum = "", ...rest] = answer.trim().split(",");
      if (error || stratum === "") resolve("which does not answer chronyc: is the state folder open to others for passing (chmod o+x)?");
      else resolve(`${name ? `synchronised to ${name}, ` : ""}stratum ${stratum}${rest.at(-1) === "Normal" ? "" : `, ${rest.at(-1)}`}`);
    });
  });
}

const isComplaint = (line: string): boolean => /fatal|error|could not|can't|wrong/i.test(line);
const withoutTime = (line: string): string => line.replace(/^\d{4}-\d\d-\d\dT\S+Z /, "");
