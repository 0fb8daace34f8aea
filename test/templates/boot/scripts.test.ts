import { describe, expect, test } from "vitest";
import { mac } from "../../../cluster/address.ts";
import { bootScripts } from "../../../templates/registry.ts";
import { expectGolden } from "../golden.ts";
import { context, FEDORA_COREOS, FLATCAR, RAW_IMAGE } from "../sample.ts";
import { Bench, SHELLS, type Shell } from "./shells.ts";

const MAC = mac("52:54:00:00:00:11");

test.each([
  ["install-raw-image.ipxe", bootScripts.install(context({ os: RAW_IMAGE }))],
  ["install-fedora-coreos.ipxe", bootScripts.install(context({ os: FEDORA_COREOS }))],
  ["install-flatcar.ipxe", bootScripts.install(context({ os: FLATCAR, architecture: "arm64" }))],
  ["local.ipxe", bootScripts.local("cp-1")],
  ["discover-unlisted.ipxe", bootScripts.discover(MAC)],
  ["discover-waiting.ipxe", bootScripts.discover(MAC, "cp-1")],
  ["nothing.ipxe", bootScripts.nothing("it is retired")],
])("%s is what it was", (name, script) => {
  expect(script).toMatch(/^#!ipxe\n/);
  expectGolden(`boot/${name}`, script);
});

test("every boot script says first, in plain words, what happens to which machine", () => {
  expect(bootScripts.install(context())).toContain("echo Sextant: cp-1 (52:54:00:00:00:11) installs raw-image from http://10.0.0.1");
  expect(bootScripts.local("cp-1")).toContain("echo Sextant: cp-1 is installed and boots from its own disk");
  expect(bootScripts.discover(MAC)).toContain("52:54:00:00:00:11 is not in cluster-desc.yml and is left as it is");
  expect(bootScripts.nothing("it is retired")).toContain("echo Sextant: boots nothing: it is retired");
});

describe.each(Object.keys(SHELLS) as Shell[])("the script of /install.sh in %s", (shell) => {
  test("runs the install script of the first of its MACs that has one", async () => {
    const bench = new Bench();
    bench.command("tr", `case "$1" in ' ') printf 'quiet\\nBOOTIF=01-52-54-00-00-00-11\\n' ;; *) echo 52-54-00-00-00-12 ;; esac`);
    bench.command(
      "curl",
      `while [ $# -gt 1 ]; do [ "$1" = --output ] && out=$2; shift; done; case "$1" in *-12.sh | *-11.sh) echo "echo ran $1" >"$out" ;; *) exit 22 ;; esac`,
    );
    const { status, output } = await bench.run(shell, bootScripts.wayIn(context().server));
    bench.clear();
    expect({ status, output }).toMatchObject({
      status: 0,
      output: expect.stringContaining("ran http://10.0.0.1/install/52-54-00-00-00-11.sh"),
    });
  });

  test("says what to check when there is none", async () => {
    const bench = new Bench().command("curl", "exit 22");
    const { status, output } = await bench.run(shell, bootScripts.wayIn(context().server));
    bench.clear();
    expect(status).toBe(1);
    expect(output).toContain("is its MAC in cluster-desc.yml");
  });
});
