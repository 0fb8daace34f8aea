/** `make bench`: our servers and their peers, side by side, on the same work. */
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { run } from "../vm-cluster/command.ts";
import { sweepAccounts } from "./account.ts";
import { benchBuild } from "./build/suite.ts";
import { CACHE } from "./cache.ts";
import { Lab, sweep } from "./lab.ts";
import { startLoad, stopAll } from "./processes.ts";
import { Rows } from "./rows.ts";
import { atftpd } from "./servers/atftpd.ts";
import { dnsmasq } from "./servers/dnsmasq.ts";
import { kea, keaSynced } from "./servers/kea.ts";
import { bootstrapper, compile, OURS } from "./servers/ours.ts";
import type { Protocol } from "./servers/server.ts";
import { tftpdHpa } from "./servers/tftpd-hpa.ts";
import { unbound } from "./servers/unbound.ts";
import { HELP, readSettings, type Settings } from "./settings.ts";
import type { Bench } from "./suites/bench.ts";
import { benchDhcp } from "./suites/dhcp.ts";
import { benchDns } from "./suites/dns.ts";
import { benchTftp } from "./suites/tftp.ts";
import { compare, formatTables } from "./table.ts";
import { makeWork } from "./work.ts";

const PEERS = [dnsmasq, kea, keaSynced, tftpdHpa, atftpd, unbound];
/** Listed in the description: DNS has as many names. */
const MACHINES: Record<Protocol, number> = { dhcp: 3, tftp: 3, dns: 1000 };
const SUITES: Record<Protocol, (bench: Bench) => Promise<void>> = { dhcp: benchDhcp, tftp: benchTftp, dns: benchDns };

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

/** Fills `rows`. Leaves nothing behind, however it ends. */
async function bench(settings: Settings, rows: Rows): Promise<void> {
  await run(join(import.meta.dirname, "install-peers"), [], { show: true });
  await sweep(CACHE);
  sweepAccounts();
  const lab = new Lab(CACHE, settings.ahead);
  let left: Promise<void> | undefined;
  const leave = (): Promise<void> => (left ??= stopAll().then(() => lab.remove()));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void leave().finally(() => process.exit(1)));
  try {
    await lab.create();
    say("compiling");
    const program = await compile(settings, lab.folder);
    const all = [bootstrapper(program), ...PEERS];
    const load = startLoad(lab.at("load", [process.execPath, "--import", "tsx", join(import.meta.dirname, "load/main.ts")]));
    for (const protocol of settings.only) {
      if (protocol === "build") {
        await benchBuild({ ...settings, lab, dist: join(lab.folder, "dist"), rows, say });
        continue;
      }
      const servers = all.filter(({ name, serves }) => serves.includes(protocol) && chosen(settings, name));
      await SUITES[protocol]({ ...settings, lab, load, rows, servers, say, work: makeWork(lab.folder, MACHINES[protocol]) });
    }
  } catch (error) {
    if (!left) throw error; // else its cause is that everything was ended
  } finally {
    await leave();
  }
}

const chosen = ({ servers }: Settings, name: string): boolean => servers.length === 0 || servers.includes(name);

/** Work of others that is under way costs a bench its rates, but hardly its processor times. */
const IDLE = 0.5;

async function main(settings: Settings): Promise<void> {
  const [before = 0] = loadavg();
  const rows = new Rows();
  await bench(settings, rows);
  const comparisons = rows.all().map((row) => compare(row, OURS));
  const host = { processors: cpus().length, processor: cpus()[0]?.model ?? "", node: process.version, loadBefore: before };
  if (settings.json) process.stdout.write(`${JSON.stringify({ host, rows: comparisons }, null, 1)}\n`);
  else {
    const noise =
      before > IDLE
        ? `; others were at work (load average ${before.toFixed(1)} before it began): trust the CPU, not the rates, or use --ahead`
        : "";
    process.stdout.write(`${host.processors} x ${host.processor}, Node ${host.node}, medians of ${settings.rounds}${noise}\n\n`);
    process.stdout.write(`${formatTables(comparisons)}\n`);
  }
}

const settings = readSettings(process.argv.slice(2));
if (settings === "help") process.stdout.write(HELP);
else await main(settings);
