import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ipv4 } from "../../cluster/address.ts";
import { type Os, ROLES } from "../../cluster/cluster.ts";
import type { PlanFile, Unit } from "../../cluster/plan.ts";
import { bootScripts, nodePlan, osTarget } from "../../templates/registry.ts";
import { expectGolden } from "./golden.ts";
import { says, shellcheck } from "./judges.ts";
import { cluster, context, FEDORA_COREOS, FLATCAR, facts, RAW_IMAGE, server } from "./sample.ts";

const SYSTEMS: readonly Os[] = [RAW_IMAGE, FLATCAR, FEDORA_COREOS];

const textOf = ({ content }: PlanFile): string => ("text" in content ? content.text : "");
/** A node that has everything that a node may have. */
const all = nodePlan(
  context(
    { roles: ROLES, address: ipv4("10.0.0.11"), os: { ...FLATCAR, updates: true } as Os },
    { kubernetes: { ...cluster([]).kubernetes, version: "1.36.2", podNetwork: "bridge" } },
  ),
);
const onNodes: readonly (readonly [string, string])[] = all.files
  .map((file) => [file.path, textOf(file)] as const)
  .filter(([path, text]) => text.startsWith("#!") || path.endsWith(".sh"));

describe.each(SYSTEMS)("install.sh for $target", (os) => {
  const script = osTarget(os).installScript(context({ os }), facts({ ours: ["serial-A", "wwn-0x5000"] }));

  test("is what it was", () => {
    expectGolden(`${os.target}/install.sh`, script);
  });
  test("has no word of shellcheck against it", () => {
    expect(shellcheck(script)).toBe("");
  });
});

test("the script of /install.sh is what it was, and shellcheck is content", () => {
  expectGolden("way-in.sh", bootScripts.wayIn(server));
  expect(shellcheck(bootScripts.wayIn(server))).toBe("");
});

test("there are scripts on a node", () => {
  expect(onNodes.map(([path]) => path)).toEqual(
    expect.arrayContaining([
      "/opt/sextant/report",
      "/opt/sextant/ready",
      "/opt/sextant/update",
      "/opt/sextant/kubernetes",
      "/opt/sextant/pod-network",
    ]),
  );
});

test.each(onNodes)("%s has no word of shellcheck against it", (_, script) => {
  expect(shellcheck(script)).toBe("");
});

test("the script of Flatcar's live system has no word of shellcheck against it", () => {
  const { storage } = JSON.parse(osTarget(FLATCAR).stageOne!(context({ os: FLATCAR })));
  const script = Buffer.from(storage.files[0].contents.source.split("base64,")[1], "base64").toString();
  expect(script).toContain("http://10.0.0.1/install/52-54-00-00-00-11.sh");
  expect(shellcheck(script)).toBe("");
});

describe("systemd", () => {
  const live = JSON.parse(osTarget(FLATCAR).stageOne!(context({ os: FLATCAR }))).systemd.units as Unit[];
  const units = [
    ...nodePlan(context({ roles: ROLES })).units.filter(({ name }) => !all.units.some((unit) => unit.name === name)),
    ...all.units,
    ...live,
  ].filter((unit) => unit.contents !== undefined);

  test("finds nothing to complain about in our units", () => {
    const folder = mkdtempSync(join(tmpdir(), "sextant-units-"));
    for (const { name, contents } of units) writeFileSync(join(folder, name), contents!);
    const words = says("systemd-analyze", ["verify", "--man=no", ...units.map(({ name }) => join(folder, name))]);
    rmSync(folder, { recursive: true });
    // It also reads the host's own units, which are not ours to judge.
    expect(
      words.split("\n").filter((line) => /sextant|kubelet|containerd/.test(line) && !line.includes("is not executable: No such file")),
    ).toEqual([]);
    expect(units.length).toBeGreaterThanOrEqual(3);
  });
});
