#!/usr/bin/env node
/** The bsroot builder's command line. Exit codes: 0 good, 1 problems found or failed, 2 wrong use. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { loaderArtifacts, osTarget } from "../templates/registry.ts";
import { build } from "./commands/build.ts";
import { check } from "./commands/check.ts";
import { DEFAULT_FILE } from "./commands/description.ts";
import { Failure } from "./commands/failure.ts";
import { init } from "./commands/init.ts";
import { render } from "./commands/render.ts";
import { summary } from "./commands/summary.ts";
import type { Terminal } from "./commands/terminal.ts";
import { verify } from "./commands/verify.ts";
import { VIEWS, type View } from "./render.ts";

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  screen: {
    write: (text) => void process.stderr.write(text),
    isTTY: process.stderr.isTTY === true,
    get columns() {
      return process.stderr.columns ?? 80;
    },
  },
};
const registry = { osTarget, loaderArtifacts };

const program = new Command("bsroot-builder")
  .description("Writes bsroot, the folder from which the bootstrapper turns bare machines into a cluster.")
  .exitOverride()
  .showHelpAfterError();

program
  .command("init")
  .description("write a commented cluster description to start from")
  .argument("[file]", "where to write it; never overwritten", DEFAULT_FILE)
  .action(async (file: string) => terminal.out(await init(file)));

program
  .command("check")
  .description("name every mistake in a cluster description, with line and column")
  .argument("[file]", "the cluster description", DEFAULT_FILE)
  .action(async (file: string) => terminal.out(await check(file)));

program
  .command("build")
  .description("download, verify and write everything the cluster needs")
  .argument("[file]", "the cluster description", DEFAULT_FILE)
  .option("--out <folder>", "the bsroot to write", "bsroot")
  .option("--jobs <number>", "downloads at a time", positive, 4)
  .option("--update", 'look up anew what "current" is, and pin unsigned sources anew', false)
  .option("--json", "the result as JSON on standard output", false)
  .action(async (file: string, options: { out: string; jobs: number; update: boolean; json: boolean }) => {
    const result = await build(file, options, registry, terminal);
    terminal.out(options.json ? `${JSON.stringify(result, null, 2)}\n` : summary(result));
  });

program
  .command("verify")
  .description("prove that a bsroot is what its manifest says")
  .argument("[bsroot]", "the folder", "bsroot")
  .action(async (folder: string) => {
    const { files, warnings } = await verify(folder);
    terminal.out([...warnings.map((warning) => `warning: ${warning}`), `${folder}: good, ${files} files`, ""].join("\n"));
  });

program
  .command("render")
  .description("show what a machine will be served, with placeholders for secrets")
  .argument("<mac>", "the machine")
  .option("--file <file>", "the cluster description", DEFAULT_FILE)
  .option("--bsroot <folder>", "where the appliance's CA certificate is, once it is built", "bsroot")
  .addOption(new Option("--what <view>", "which of the texts").choices(VIEWS).default("config"))
  .action(async (mac: string, options: { file: string; bsroot: string; what: View }) => terminal.out(await render(mac, options)));

function positive(text: string): number {
  const number = Number(text);
  if (!/^\d{1,2}$/.test(text) || number === 0) throw new InvalidArgumentError("It must be a number from 1 to 99.");
  return number;
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Failure) {
    for (const line of [...error.warnings.map((warning) => `warning: ${warning}`), ...error.problems]) terminal.screen.write(`${line}\n`);
    return 1;
  }
  throw error;
}
