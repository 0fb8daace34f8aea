/** The rack of the end-to-end test, and the words its story is told in. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Machine } from "../../cluster/cluster.ts";
import { parse } from "../../cluster/parse.ts";
import { accelerator } from "../../vm-cluster/accelerator.ts";
import type { JournalEntry, Machine as Seen } from "../../vm-cluster/api.ts";
import { image } from "../../vm-cluster/image.ts";
import type { Hardware } from "../../vm-cluster/qemu.ts";
import { hardwareOf, Rack } from "../../vm-cluster/rack.ts";
import { RackState } from "../../vm-cluster/rack-state.ts";
import { labKey } from "../../vm-cluster/ssh.ts";
import { asRegistry, makeImage } from "../support/container-image.ts";
import * as asked from "../support/rack.ts";
import * as waiting from "../support/until.ts";

/** A container image that the rack's bootstrapper serves. */
export const GREETING = "registry.k8s.io/sextant/greeting:1";
const DESCRIPTION = "test/e2e/cluster-desc.yml";

/** What any one step may take before something is surely wrong. Not a measure: two cores translate every instruction of four machines. */
const PATIENCE = { seconds: 420, every: 1 };

export interface Story {
  readonly rack: Rack;
  readonly state: RackState;
}

/** What the story adds to the description and its machines. */
export interface Cast {
  /** Described, but played by the test: no machine is made for it. */
  readonly described: Machine;
  /** Made, but not described. */
  readonly strangers: readonly Hardware[];
  /** A described machine whose clock is wrong, and what it says. */
  readonly wrongClock: { readonly name: string; readonly clock: string };
}

/** A rack with a bootstrapper that serves and machines that are still off. Needs `make build` to have made dist/. */
export async function begin({ described, strangers, wrongClock }: Cast): Promise<Story> {
  const parsed = parse(readFileSync(DESCRIPTION, "utf8"), DESCRIPTION);
  if (!parsed.ok) throw new Error(`${DESCRIPTION} has mistakes`);
  const state = new RackState("e2e");
  await state.clear();
  const parts = await image((line) => console.log(line));
  const cluster = { ...parsed.cluster, machines: [...parsed.cluster.machines, described] };
  const own = hardwareOf(parsed.cluster).map((one) => (one.name === wrongClock.name ? { ...one, clock: wrongClock.clock } : one));
  const origin = join(state.folder, "origin");
  const digest = makeImage(join(state.folder, "greeting"), "greeting");
  asRegistry(join(state.folder, "greeting"), origin, "sextant/greeting", "1", digest);
  const mirrors = [{ from: "https://registry.k8s.io", to: pathToFileURL(origin).href }];
  const equipment = { image: parts, key: await labKey(), accelerator: await accelerator(parts), state, mirrors, images: [GREETING] };
  const rack = new Rack(cluster, [...own, ...strangers], equipment);
  await rack.buildBsroot(false);
  await rack.wire();
  await rack.bootstrapper.start();
  await rack.bootstrapper.openDoor();
  return { rack, state };
}

/** Asks again until `what` is so. Throws with what was seen last. */
export const until = <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => waiting.until(what, look, PATIENCE);

export const machineOf = ({ rack }: Story, name: string): Promise<Seen> => asked.machineOf(rack, name);

/** Waits until a machine is where `fits` says, unless it failed. */
export const phase = ({ rack }: Story, name: string, fits: (machine: Seen) => boolean): Promise<Seen> =>
  asked.reaches(rack, name, fits, PATIENCE);

/** Runs a shell command on a node as its administrator. */
export const on = async ({ rack }: Story, name: string, script: string): Promise<string> => (await rack.onNode(name, script)).trim();

/** A machine's reserved address. */
export const addressOf = ({ rack }: Story, name: string): string =>
  rack.cluster.machines.find((machine) => machine.name === name)?.address ?? `${name} has no address`;

/** Where one of the bsroot's secrets lies; `path` as layout.tls has it. */
export const tls = ({ state }: Story, path: string): string => join(state.folder, "bsroot", path);

/** A request on the machines' own wire, from the given source address. Resolves with the body and, on a line of its own, the status. */
export const ask = ({ rack }: Story, from: string, ...curl: readonly string[]): Promise<string> =>
  rack.inside("curl", "--silent", "--interface", from, "--cacert", rack.bootstrapper.caFile, "--write-out", "\n%{http_code}", ...curl);

export const journaled = async ({ rack }: Story, fits: (entry: JournalEntry) => boolean): Promise<readonly JournalEntry[]> =>
  (await rack.api.journal()).filter(fits);
