/** `make bench`: our servers and their peers, side by side, on the same work. */

import { loadavg } from "node:os";
import { join } from "node:path";
import { run } from "../vm-cluster/command.ts";
import { CACHE } from "./cache.ts";
import { Lab, sweep } from "./lab.ts";
import { startLoad, stopAll } from "./processes.ts";
import { Rows } from "./rows.ts";
import { atftpd } from "./servers/atftpd.ts";
import { dnsmasq } from "./servers/dnsmasq.ts";
import { kea, keaSynced } from "./servers/kea.ts";
import { compile, ours } from "./servers/ours.ts";
import type { Protocol } from "./servers/server.ts";
import { tftpdHpa } from "./servers/tftpd-hpa.ts";
import { unbound } from "./servers/unbound.ts";
import { HELP, readSettings, type Settings } from "./settings.ts";
import type { Bench } from "./suites/bench.ts";
import { benchDhcp } from "./suites/dhcp.ts";
import { benchDns } from "./suites/dns.ts";
import { benchTftp } from "./suites/tftp.ts";
import { compare, formatTable } from "./table.ts";
import { makeWork } from "./work.ts";

const SERVERS = [ours, dnsmasq, kea, keaSynced, tftpdHpa, atftpd, unbound];
/** Listed in the description: DNS has as many names. */
const MACHINES: Record<Protocol, number> = { dhcp: 3, tftp: 3, dns: 1000 };
const SUITES: Record<Protocol, (bench: Bench) => Promise<void>> = { dhcp: benchDhcp, tftp: benchTftp, dns: benchDns };

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function bench(settings: Settings): Promise<Rows> {
  await run(join(import.meta.dirname, "install-peers"), [], { show: true });
  await sweep(CACHE);
  say("compiling");
  await compile(settings);
  const rows = new Rows();
  const lab = new Lab(CACHE);
  const leave = async (): Promise<void> => {
    await stopAll();
    await lab.remove();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void leave().finally(() => process.exit(1)));
  try {
    await lab.create();
    const load = startLoad(lab.at("load", [process.execPath, "--import", "tsx", join(import.meta.dirname, "load/main.ts")]));
    for (const protocol of settings.only) {
      const servers = SERVERS.filter(({ name, serves }) => serves.includes(protocol) && chosen(settings, name));
      await SUITES[protocol]({ ...settings, lab, load, rows, servers, say, work: makeWork(lab.folder, MACHINES[protocol]) });
    }
  } finally {
    await leave();
  }
  return rows;
}

const chosen = ({ servers }: Settings, name: string): boolean => servers.length === 0 || servers.includes(name);

const settings = readSettings(process.argv.slice(2));
if (settings === "help") process.stdout.write(HELP);
else {
  const before = loadavg()[0]!;
  const rows = await bench(settings);
  const comparisons = rows.all().map((row) => compare(row, ours.name));
  process.stdout.write(
    settings.json ? `${JSON.stringify({ loadAverage: before, rows: comparisons }, null, 1)}\n` : `${formatTable(comparisons)}\n`,
  );
  if (before > 0.5)
    say(`others were at work before it began (load average ${before.toFixed(2)}): look at the CPU rather than at the rates`);
}
