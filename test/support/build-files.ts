/** Builds files of a mirror in a process of its own, in a folder that may be a small disk. Arguments: workshop, bsroot, URLs. */
import { build } from "../../bsroot-builder/commands/build.ts";
import { Failure } from "../../bsroot-builder/commands/failure.ts";
import { registryOf } from "./workshop.ts";

const [workshop = "", out = "", ...urls] = process.argv.slice(2);
const registry = registryOf(() =>
  urls.map((url) => ({ path: `html/static${new URL(url).pathname}`, url, verify: { by: "first-use" } }) as const),
);
const screen = { write: () => {}, isTTY: false, columns: 80 };
try {
  await build(`${workshop}/cluster-desc.yml`, { out, jobs: 4, update: false }, registry, { out: () => {}, screen });
  process.stdout.write("built");
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stdout.write(error.problems.join("\n"));
}
