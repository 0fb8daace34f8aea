#!/usr/bin/env node
import { BsrootError } from "./bsroot.ts";
/** The bootstrapper: this process, its signals and its end. */
import { ClusterCommandError, clusterCommand } from "./cluster-command.ts";
import { StartError } from "./port-trouble.ts";
import { printer } from "./printer.ts";
import { readSettings, type Settings, SettingsError } from "./settings.ts";
import { StoreError } from "./store/error.ts";
import { UdpError } from "./wire/udp.ts";

/** Milliseconds that an orderly end may take. */
const PATIENCE = 4500;
const out = printer(1);
const complaints = printer(2);

const COMMANDS = { serve, check, leases, cluster } as const;

async function run(): Promise<number> {
  try {
    const settings = readSettings(process.argv.slice(2), process.env);
    if (settings.command === "help") {
      out.print(settings.text.trimEnd());
      return 0;
    }
    return await COMMANDS[settings.command](settings);
  } catch (error) {
    complaints.print(`bootstrapper: ${inWords(error)}`);
    return error instanceof SettingsError ? 2 : 1;
  } finally {
    await Promise.all([out.flush(), complaints.flush()]);
  }
}

async function check({ bsroot, address }: Settings): Promise<number> {
  const { check } = await import("./check.ts");
  return (await check(bsroot, address, Date.now(), out.print)) ? 0 : 1;
}

async function leases({ state, format }: Settings): Promise<number> {
  const { listLeases } = await import("./list-leases.ts");
  await listLeases(state, format, Date.now(), out);
  return 0;
}

async function cluster({ order, bsroot, address, ports, yes = false }: Settings): Promise<number> {
  return (await clusterCommand({ order: order!, bsroot, address: address ?? "127.0.0.1", port: ports.https, yes }, out)) ? 0 : 1;
}

async function serve(settings: Settings): Promise<number> {
  const ended = endOfProcess();
  const { Appliance } = await import("./appliance.ts");
  const appliance = await Appliance.start(settings, out.print);
  process.on("SIGHUP", () => void appliance.reload("asked"));
  const code = await ended;
  const late = setTimeout(() => {
    complaints.print(`bootstrapper: did not end within ${PATIENCE / 1000} s; ended as it was`);
    void complaints.flush().then(() => process.exit(1));
  }, PATIENCE);
  await appliance.close();
  clearTimeout(late);
  await Promise.all([out.flush(), complaints.flush()]);
  process.exit(code);
}

/** Resolves with the exit code when a signal or a mistake of ours ends the process. */
function endOfProcess(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(0));
    const broken = (error: unknown): void => {
      complaints.print(`bootstrapper: ended by a mistake in it: ${error instanceof Error ? error.stack : error}`);
      resolve(1);
    };
    process.on("uncaughtException", broken);
    process.on("unhandledRejection", broken);
  });
}

const EXPECTED = [ClusterCommandError, SettingsError, BsrootError, StoreError, StartError, UdpError];

/** What is expected to go wrong says what to do; the rest shows where it happened. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return EXPECTED.some((kind) => error instanceof kind) ? error.message : (error.stack ?? error.message);
}

process.exitCode = await run();
