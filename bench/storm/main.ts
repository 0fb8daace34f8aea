/** make storm: a rack of simulated machines, all powered on in the same instant, served by us and by others in turn. */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../../vm-cluster/command.ts";
import { type Figures, figures, table } from "./figures.ts";
import { storm } from "./run.ts";
import { makeSite, SIZES } from "./site.ts";
import { STACKS, type StackName } from "./stacks.ts";

const { values } = parseArgs({
  options: {
    machines: { type: "string", default: "1000" },
    only: { type: "string", multiple: true, default: [...STACKS] },
    rounds: { type: "string", default: "1" },
    limit: { type: "string", default: "120" },
    program: { type: "string", default: "dist/bootstrapper/main.js" },
    profile: { type: "string" },
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const machines = Number(values.machines);
const names = values.only.flatMap((words) => words.split(",")).filter((name): name is StackName => STACKS.includes(name as StackName));
if (!(machines >= 1 && machines <= 14_000) || names.length === 0)
  throw new Error(`--machines takes 1 to 14000, --only one or more of ${STACKS.join(", ")}`);
const say = (text: string): void => void process.stderr.write(text);

if (names.some((name) => name !== "ours")) await run("bench/install-peers", [], { show: true });
const folder = resolve(`.cache/storm/${machines}`);
await mkdir(folder, { recursive: true });
const site = await makeSite(folder, machines);
say(
  `bsroot for ${machines} machines: ${site.built.toFixed(1)} s; loader ${SIZES.loader}, kernel ${SIZES.kernel}, initrd ${SIZES.initrd} bytes\n`,
);

const options = {
  program: resolve(values.program),
  limit: Number(values.limit),
  verbose: values.verbose,
  ...(values.profile && { profile: resolve(values.profile) }),
};
const found: Figures[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of names) {
    say(`${name}: ${machines} machines are powered on\n`);
    found.push(figures(await storm(name, site, options)));
  }
}
process.stdout.write(values.json ? `${JSON.stringify(found, null, 1)}\n` : table(found));
process.exitCode = found.some(({ stack, failed }) => stack === "ours" && failed > 0) ? 1 : 0;
