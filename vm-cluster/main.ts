/** The lab's command line, called by the Makefile: `up [DESCRIPTION]` and `down`. */
import { RackState } from "./rack-state.ts";
import { RACK, UpError, up } from "./up.ts";

const EXAMPLE = "vm-cluster/cluster-desc.yml";
const [command, file] = process.argv.slice(2);
const STILL_THERE = "What was started is still there: look around, or remove it with `make down`.";

if (process.getuid?.() !== 0) {
  fail("the lab makes network namespaces and runs QEMU in them: run it as root");
} else if (command === "down") {
  await new RackState(RACK).clear();
} else if (command === "up") {
  process.on("SIGINT", () => {
    process.stdout.write(`\ninterrupted. ${STILL_THERE}\n`);
    process.exit(130);
  });
  try {
    await up(file || EXAMPLE, process.stdout);
  } catch (error) {
    fail(`${error instanceof UpError ? error.message : String(error instanceof Error ? error.stack : error)}\n\n${STILL_THERE}`);
  }
} else {
  fail("usage: up [DESCRIPTION] | down");
}

function fail(message: string): void {
  process.stderr.write(`\n${message}\n`);
  process.exitCode = 1;
}
