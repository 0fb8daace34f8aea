import { rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closedWorld } from "../../../bsroot-builder/commands/closed-world.ts";
import type { Registry } from "../../../bsroot-builder/gather.ts";
import { osTarget } from "../../../templates/registry.ts";
import { description, openWorkshop, type Workshop } from "../../support/workshop.ts";
import { dvd, sha256, treeinfo } from "../../templates/os/enterprise-linux/sample-tree.ts";

/** The real operating systems, without the loaders. */
const registry: Registry = { osTarget, loaderArtifacts: () => [] };
const FOLDER = /^html\/static\/enterprise-linux\/rocky-9\.6-x86_64-[0-9a-f]{12}\//;

let workshop: Workshop;
beforeEach(async () => {
  workshop = await openWorkshop();
  for (const [path, content] of Object.entries(dvd())) await workshop.put(`dvd/${path}`, content);
  const os = `{ target: enterprise-linux, version: "9.6", tree: "file://${workshop.path("dvd")}" }`;
  await workshop.put("cluster-desc.yml", description({ os }));
});
afterEach(() => workshop.close());

const packages = async (): Promise<readonly string[]> =>
  (await workshop.manifest()).files.map(({ path }) => path).filter((path) => path.endsWith(".rpm"));

test("a mounted DVD becomes a tree of both repositories, every package by its hash", async () => {
  const { fetched, reused } = await workshop.build(registry);
  expect([...fetched, ...reused].filter((path) => FOLDER.test(path))).toHaveLength(Object.keys(dvd()).length);
  expect(await packages()).toHaveLength(6);
  for (const path of await packages()) expect(path).toMatch(FOLDER);
  const lock = await workshop.lock();
  const [bash] = Object.entries(lock.artifacts).filter(([path]) => path.endsWith("BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm"));
  expect(bash![1]).toMatchObject({ sha256: sha256("bash"), verified: "sha256" });
});

test("a second build fetches nothing, and needs no DVD for the same bsroot", async () => {
  await workshop.build(registry);
  await rm(workshop.path("dvd"), { recursive: true });
  const { fetched, removed } = await workshop.build(registry, { locked: true });
  expect({ fetched, removed }).toEqual({ fetched: [], removed: [] });
});

test("with --locked a list that is not pinned is refused before anything is read", async () => {
  expect(await workshop.failures(registry, { locked: true })).toEqual([expect.stringMatching(/treeinfo: sextant\.lock does not pin it/)]);
});

test("a package with other bytes than its list says fails by its name", async () => {
  await workshop.put("dvd/AppStream/Packages/b/bash-5.1.8-9.el9.x86_64.rpm", "another");
  expect(await workshop.failures(registry)).toEqual([expect.stringMatching(/AppStream\/Packages\/b\/bash.*SHA-256/i)]);
});

test("a list that cannot be understood says where it came from and what is wrong", async () => {
  await writeFile(workshop.path("dvd/.treeinfo"), treeinfo("aarch64", { AppStream: "AppStream", BaseOS: "BaseOS" }));
  expect(await workshop.failures(registry)).toEqual([
    expect.stringMatching(/treeinfo: file:\/\/.*\/dvd\/\.treeinfo: this tree is for aarch64, and the machine is x86_64/),
  ]);
});

test("what the installer will fetch is all in the bsroot, but for the loaders that this build has none of", async () => {
  const { bsroot } = await workshop.build(registry);
  const problems = await closedWorld(bsroot).catch((error: { problems: readonly string[] }) => error.problems);
  expect((problems as readonly string[]).filter((line) => !/loader|secret/.test(line))).toEqual([]);
});
