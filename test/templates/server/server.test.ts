/** What a server is started with: kept as files, and judged by shellcheck and systemd. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ipv4, subnet } from "../../../cluster/address.ts";
import { serverFiles } from "../../../templates/server/server.ts";
import { expectGolden } from "../golden.ts";
import { cluster, machine } from "../sample.ts";

const files = serverFiles(cluster([machine()]), true);
const textOf = (path: string, among = files): string => among.find((file) => file.path === path)!.text;

function says(command: string, args: readonly string[], input?: string): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...(input !== undefined && { input }) });
  if (error) throw error;
  return stdout + stderr;
}

test("there are three scripts, which may be run, and a unit", () => {
  expect(files.map(({ path, executable }) => `${path} ${executable}`)).toEqual([
    "check_server.sh true",
    "start_bootstrapper_container.sh true",
    "start_bootstrapper_service.sh true",
    "sextant-bootstrapper.service false",
  ]);
});

describe.each(files)("$path", ({ path, text }) => {
  test("is what it was", () => {
    expectGolden(`server/${path}`, text);
  });
  if (path.endsWith(".sh"))
    test("has no word of shellcheck against it", () => {
      expect(says("shellcheck", ["--shell=sh", "-"], text)).toBe("");
    });
});

test("the check knows what this description needs of the server", () => {
  const { network } = cluster([machine()]);
  const other = { ...network, subnet: subnet("10.9.0.0/20"), bootstrapper: ipv4("10.9.0.2"), dhcp: "proxy" as const, ntp: false };
  const text = textOf("check_server.sh", serverFiles(cluster([], { network: other }), false));
  for (const line of ["ADDRESS='10.9.0.2'", "PREFIX='20'", "PROXY='yes'", "TIME='no'", "IMAGES='no'"]) expect(text).toContain(line);
});

describe("the unit", () => {
  const unit = textOf("sextant-bootstrapper.service");

  test("has no word of systemd against it, when node and the program are there", () => {
    const folder = mkdtempSync(join(tmpdir(), "sextant-unit-"));
    const file = join(folder, "sextant-bootstrapper.service");
    writeFileSync(file, unit.replace("/usr/bin/node ", `${process.execPath} `));
    const words = says("systemd-analyze", ["verify", "--man=no", file]);
    rmSync(folder, { recursive: true });
    expect(words.split("\n").filter((line) => /sextant/.test(line))).toEqual([]);
  });

  test("is confined so far that systemd calls it OK", () => {
    const folder = mkdtempSync(join(tmpdir(), "sextant-unit-"));
    const file = join(folder, "sextant-bootstrapper.service");
    writeFileSync(file, unit);
    const words = says("systemd-analyze", ["security", "--offline=yes", "--no-pager", file]);
    rmSync(folder, { recursive: true });
    const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(words)?.[1]);
    expect(exposure).toBeLessThan(2.5);
  });

  test("may do below root's powers only what the image may", () => {
    expect(unit.match(/CAP_\w+/g)).toEqual(["CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW"]);
    const script = textOf("start_bootstrapper_container.sh");
    expect(script.match(/--cap-add (\w+)/g)).toEqual(["--cap-add NET_BIND_SERVICE", "--cap-add NET_RAW"]);
  });
});
