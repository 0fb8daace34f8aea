/** The lab's command line, called by the Makefile: `up [DESCRIPTION]` and `down`. */
import { CommandError } from "./command.ts";
import { RackState, racks } from "./rack-state.ts";
import { UpError, up } from "./up.ts";
import { RackError } from "./watch.ts";

const EXAMPLE = "vm-cluster/cluster-desc.yml";
const [command, file] = process.argv.slice(2);
const STILL_THERE = "What was started is still there: look around, or remove it with `make down`.";

if (process.getuid?.() !== 0) {
  fail("the lab makes network namespaces and runs QEMU in them: run it as root");
} else if (command === "down") {
  for (const id of racks()) await new RackState(id).clear();
} else if (command === "up") {
  process.on("SIGINT", () => {
    process.stdout.write(`\ninterrupted. ${STILL_THERE}\n`);
    process.exit(130);
  });
  try {
    await up(file || EXAMPLE, process.stdout);
  } catch (error) {
    fail(`${inWords(error)}\n\n${STILL_THERE}`);
  }
} else {
  fail("usage: up [DESCRIPTION] | down");
}

function fail(message: string): void {
  process.stderr.write(`\n${message}\n`);
  process.exitCode = 1;
}

/** What may go wrong says what to do; the rest shows where it happened. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [UpError, RackError, CommandError].some((kind) => error instanceof kind) ? error.message : (error.stack ?? error.message);
}
