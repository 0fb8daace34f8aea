#!/usr/bin/env node
/** The bsroot builder: the command line of this process, and the operating systems there are. */
import { loaderArtifacts, osTarget } from "../templates/registry.ts";
import { run } from "./commands/program.ts";

process.exitCode = await run(
  process.argv.slice(2),
  { osTarget, loaderArtifacts },
  {
    out: (text) => void process.stdout.write(text),
    screen: {
      write: (text) => void process.stderr.write(text),
      isTTY: process.stderr.isTTY === true,
      get columns() {
        return process.stderr.columns ?? 80;
      },
    },
  },
);
