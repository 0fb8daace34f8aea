/** Every command with its arguments, and what each way of ending is worth as an exit code. */
import { basename, join } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { size } from "../../cluster/description/values.ts";
import { jsonSchema } from "../../cluster/json-schema.ts";
import { LockError } from "../../cluster/resolve.ts";
import { AddOnError } from "../addons/prepare.ts";
import { messageOf, troubleOf } from "../download/error.ts";
import { eventsTo, line } from "../download/events.ts";
import { inWords } from "../download/space.ts";
import { GatherError, type Registry } from "../gather.ts";
import { NameError } from "../images/names.ts";
import { VIEWS, type View } from "../render.ts";
import { type BuildOptions, build } from "./build.ts";
import { check } from "./check.ts";
import { closedWorld } from "./closed-world.ts";
import { DEFAULT_FILE } from "./description.ts";
import { type DryRun, dryRun } from "./dry-run.ts";
import { Failure } from "./failure.ts";
import { init } from "./init.ts";
import { addKubeconfig } from "./kubeconfig.ts";
import { outdated, update } from "./outdated.ts";
import { type PackOptions, pack } from "./pack.ts";
import { addPki } from "./pki.ts";
import { render } from "./render.ts";
import { addServerOptions, type ServerWords, serverOptions } from "./server-options.ts";
import { planInWords, summary } from "./summary.ts";
import { type Terminal, warn } from "./terminal.ts";
import { rollback, unpack } from "./unpack.ts";
import { verify } from "./verify.ts";

/** Answers the exit code: 0 good, 1 problems found or failed, 2 wrong use. Throws what nobody foresaw. */
export async function run(args: readonly string[], registry: Registry, terminal: Terminal): Promise<number> {
  try {
    await program(registry, terminal).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const failure = asFailure(error);
    if (!failure) throw error;
    warn(terminal, failure.warnings);
    for (const problem of failure.problems) terminal.screen.write(`${problem}\n`);
    return 1;
  }
}

function program(registry: Registry, terminal: Terminal): Command {
  const all = new Command("bsroot-builder")
    .description("Writes bsroot, the folder from which the bootstrapper turns bare machines into a cluster.")
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: (text) => terminal.screen.write(text) })
    .showHelpAfterError();
  all
    .command("init")
    .description("write a commented cluster description to start from")
    .argument("[file]", "where to write it; never overwritten", DEFAULT_FILE)
    .action(async (file: string) => terminal.out(await init(file)));
  all
    .command("check")
    .description("name every mistake in a cluster description, with line and column")
    .argument("[file]", "the cluster description", DEFAULT_FILE)
    .action((file: string) => check(file, terminal));
  addServerOptions(all.command("build"))
    .description("download, verify and write everything the cluster needs")
    .argument("[file]", "the cluster description", DEFAULT_FILE)
    .option("--out <folder>", "the bsroot to write", "bsroot")
    .option("--cache <folder>", "keep downloads here too, by hash, for other builds", cacheFolder(process.env))
    .option("--no-cache", "keep no downloads but in the bsroot")
    .option("--jobs <number>", "downloads at a time, of which at most 4 from one host", positive, 8)
    .option("--update", 'look up anew what "current" is, and pin unsigned sources anew', false)
    .option("--locked", "refuse to build anything but what sextant.lock pins", false)
    .option("--offline", "fetch nothing over the network", false)
    .option("--limit <size>", "bytes a second, for all downloads together, as in 10M", bytes)
    .option("--dry-run", "say what would be fetched, and how much that is; write nothing", false)
    .option("--json", "what happens and the result as JSON on standard output, an object on each line", false)
    .action(
      async (
        file: string,
        { cache, ...options }: Omit<BuildOptions, "cache"> & ServerWords & { cache?: string | false; json: boolean; dryRun: boolean },
      ) => {
        const server = serverOptions(options, process.env);
        const whole = { ...options, server, ...(cache && { cache }) };
        if (options.dryRun)
          return tellPlan(await heard(options.json, terminal, (to) => dryRun(file, whole, registry, to)), options.json, terminal);
        const result = await heard(options.json, terminal, (to) => build(file, whole, registry, to));
        terminal.out(options.json ? line({ event: "result", ...result }) : summary(result));
      },
    );
  all
    .command("verify")
    .description("prove that a bsroot is what its manifest says")
    .argument("[bsroot]", "the folder", "bsroot")
    .option("--closed-world", "prove too that machines find all they will ask for in it, and nothing leads outside", false)
    .action(async (folder: string, options: { closedWorld: boolean }) => {
      const { files, warnings } = await verify(folder);
      warn(terminal, warnings);
      terminal.out(`${folder}: good, ${files} files\n`);
      if (!options.closedWorld) return;
      const { machines, references, images } = await closedWorld(folder);
      terminal.out(`${folder}: closed, ${machines} machines find all of ${references} addresses and ${images} images in it\n`);
    });
  all
    .command("outdated")
    .description("ask the sources what is newer than what sextant.lock pins")
    .argument("[file]", "the cluster description", DEFAULT_FILE)
    .option("--json", "as JSON on standard output", false)
    .action(async (file: string, { json }: { json: boolean }) => {
      const found = await outdated(file, registry);
      const lines = found.newer.map(({ name, pinned = "nothing pinned", now }) => `${name}: ${pinned} -> ${now}\n`);
      terminal.out(json ? `${JSON.stringify(found, null, 2)}\n` : lines.join("") || `nothing is newer, of ${found.asked} names\n`);
      if (found.failures.length > 0) throw new Failure(found.failures);
    });
  all
    .command("update")
    .description("let the next build look these up anew")
    .argument("<names...>", "as outdated names them")
    .option("--file <file>", "the cluster description", DEFAULT_FILE)
    .action(async (names: readonly string[], { file }: { file: string }) => {
      await update(file, names);
      terminal.out(`${names.map((name) => `${name}: will be looked up by the next build\n`).join("")}`);
    });
  all
    .command("pack")
    .description("write a bsroot, or what is new in it, as files to carry to the server")
    .argument("[bsroot]", "the folder", "bsroot")
    .option("--out <folder>", "where to write it: the carrier, perhaps", "bundle")
    .option("--since <manifest>", "leave out what this manifest.json of an earlier bsroot names")
    .option("--split <size>", "no file larger than this", bytes, 4_000_000_000)
    .action(async (folder: string, options: PackOptions) => {
      const { bundle, parts, files, of, bytes } = await pack(folder, options);
      terminal.out(
        `${bundle}: ${files} of ${of} files, ${inWords(bytes)} in ${parts.length} parts\nOn the server: bsroot-builder unpack ${basename(bundle)}\n`,
      );
    });
  all
    .command("unpack")
    .description("make a carried bundle the server's bsroot; the one before is kept")
    .argument("<bundle>", "the .json file that pack wrote, with its parts beside it")
    .option("--to <bsroot>", "the name by which the bootstrapper knows it", "bsroot")
    .action(async (file: string, { to }: { to: string }) => {
      const { files, kept } = await unpack(file, to);
      terminal.out(
        `${to}: good, ${files} files, ${kept} of them were here already\nReload the bootstrapper, or start it; back again: bsroot-builder rollback ${to}\n`,
      );
    });
  all
    .command("rollback")
    .description("return to the bsroot that was there before the last unpack")
    .argument("[bsroot]", "the name by which the bootstrapper knows it", "bsroot")
    .action(async (folder: string) => terminal.out(`${folder}: is ${await rollback(folder)} again\n`));
  all
    .command("render")
    .description("show what a machine will be served, with placeholders for secrets")
    .argument("<mac>", "the machine")
    .option("--file <file>", "the cluster description", DEFAULT_FILE)
    .option("--bsroot <folder>", "where the appliance's CA certificate is, once it is built", "bsroot")
    .addOption(new Option("--what <view>", "which of the texts").choices(VIEWS).default("config"))
    .action(async (mac: string, options: { file: string; bsroot: string; what: View }) => terminal.out(await render(mac, options)));
  addPki(all, terminal);
  addKubeconfig(all, terminal);
  all
    .command("schema")
    .description("print the JSON Schema of a cluster description, for editors")
    .action(() => terminal.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`));
  return all;
}

/** With `json`, whoever reads standard output hears everything there, also why it failed. */
async function heard<T>(json: boolean, terminal: Terminal, work: (terminal: Terminal) => Promise<T>): Promise<T> {
  if (!json) return work(terminal);
  try {
    return await work({ ...terminal, events: eventsTo(terminal.out, Date.now) });
  } catch (error) {
    for (const message of asFailure(error)?.warnings ?? []) terminal.out(line({ event: "warning", message }));
    for (const message of asFailure(error)?.problems ?? [messageOf(error)]) terminal.out(line({ event: "error", message }));
    throw error;
  }
}

/** Throws Failure when the build would fail. */
function tellPlan(plan: DryRun, json: boolean, { out }: Terminal): void {
  out(json ? line({ event: "plan", ...plan }) : planInWords(plan));
  if (plan.problems.length === 0) return;
  if (json) for (const message of plan.problems) out(line({ event: "error", message }));
  throw new Failure(plan.problems);
}

function positive(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("It must be a number from 1 to 99.");
  return Number(text);
}

/** Where downloads are kept for every build of this user (XDG Base Directory Specification). */
function cacheFolder({ XDG_CACHE_HOME, HOME }: NodeJS.ProcessEnv): string | undefined {
  const base = XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
  return base && join(base, "sextant");
}

/** Bytes, at least what one file of a carrier is worth. */
function bytes(text: string): number {
  try {
    const found = size(text);
    if (found >= 1_000_000) return found;
  } catch {}
  throw new InvalidArgumentError("It must be a size of at least 1M, as in 4G.");
}

/** What the operator can do something about; anything else is a mistake of ours and keeps its stack. */
function asFailure(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof AddOnError) return new Failure(error.message.split("\n"));
  if (error instanceof GatherError || error instanceof NameError || error instanceof LockError) return new Failure([error.message]);
  if (troubleOf(error) !== undefined) return new Failure([messageOf(error)]);
  const { code, path, message } = error as NodeJS.ErrnoException;
  return code !== undefined && path !== undefined ? new Failure([`${path}: ${message}`]) : undefined;
}
