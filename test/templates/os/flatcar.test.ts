import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Architecture, Os } from "../../../cluster/cluster.ts";
import { nodePlan, osTarget } from "../../../templates/registry.ts";
import { Bench, SHELLS, type Shell } from "../boot/shells.ts";
import { expectGolden } from "../golden.ts";
import { resolved } from "../resolved.ts";
import { context, FLATCAR } from "../sample.ts";
import { filesIn, pathsIn, textIn, unitsIn, validate } from "./ignition.ts";

type Flatcar = Extract<Os, { target: "flatcar" }>;

const SHA = "0123456789abcdef".repeat(4);
const ZFS = { name: "zfs", url: "https://extensions.example/zfs-2.3-x86-64.raw?x=1", sha256: SHA };
const PLACE = "flatcar/extensions/0123456789abcdef/zfs.raw";

const flatcar = (given: Partial<Flatcar>): Flatcar => ({ ...(FLATCAR as Flatcar), ...given });
const artifacts = (given: Partial<Flatcar>, architecture: Architecture = "amd64") =>
  osTarget(FLATCAR).artifacts(flatcar(given), architecture);
const config = (given: Partial<Flatcar>): string => osTarget(FLATCAR).config(resolved(nodePlan(context({ os: flatcar(given) })))).body;

describe("system extensions", () => {
  test("are fetched from where the user says, and must have the hash that the user says", () => {
    expect(artifacts({ extensions: [ZFS] })).toContainEqual({
      path: `html/static/${PLACE}`,
      url: ZFS.url,
      verify: { by: "sha256", sha256: SHA },
    });
  });

  test("of the same name lie apart when their bytes differ", () => {
    const other = artifacts({ extensions: [{ ...ZFS, sha256: "f".repeat(64) }] }).at(-1)!;
    expect(other.path).not.toBe(`html/static/${PLACE}`);
    expect(other.path).toMatch(/\/zfs\.raw$/);
  });

  test("come onto the node under their own name, checked once more, and are merged", () => {
    const body = config({ extensions: [ZFS] });
    expect(validate(body)).toBe("");
    expect(filesIn(body).find(({ path }) => path === "/etc/extensions/zfs.raw")).toMatchObject({
      mode: 0o644,
      contents: { source: `http://10.0.0.1/static/${PLACE}`, verification: { hash: `sha256-${"c".repeat(64)}` } },
    });
    expect(unitsIn(body)).toContain("systemd-sysext.service");
  });

  test("two of one name are refused", () => {
    expect(() => config({ extensions: [ZFS, { ...ZFS, sha256: "f".repeat(64) }] })).toThrow("/etc/extensions/zfs.raw");
  });

  test("are nothing to a node that has none", () => {
    expect(pathsIn(config({})).filter((path) => path.startsWith("/etc/extensions"))).toEqual([]);
    expect(unitsIn(config({}))).not.toContain("systemd-sysext.service");
  });
});

describe("updates", () => {
  test("carry along what update_engine takes, held against the hash that Flatcar publishes beside it", () => {
    const base = "https://update.release.flatcar-linux.net/arm64-usr/4593.2.5/flatcar_production_update.gz";
    const place = "html/static/flatcar/arm64-usr/4593.2.5/flatcar_production_update.gz";
    const more = artifacts({ updates: true }, "arm64").slice(artifacts({}, "arm64").length);
    expect(more).toEqual([
      { path: place, url: base, verify: { by: "sums", sums: `${base}.sha256` } },
      { path: `${place}.sha256`, url: `${base}.sha256`, verify: { by: "first-use" } },
    ]);
  });

  test("come with the command that takes them", () => {
    expectGolden("flatcar/update.sh", textIn(config({ updates: true }), "/opt/sextant/update"));
    expect(pathsIn(config({}))).not.toContain("/opt/sextant/update");
  });
});

describe.each(Object.keys(SHELLS) as Shell[])("/opt/sextant/update in %s", (shell) => {
  const PAYLOAD = "the payload";
  const PAYLOAD_SHA = createHash("sha256").update(PAYLOAD).digest("hex");
  const script = textIn(config({ updates: true }), "/opt/sextant/update");

  /** `sum`: what is published for the payload. `status`: how curl ends. */
  async function update(words: string, { sum = PAYLOAD_SHA, status = 0 } = {}) {
    const bench = new Bench();
    // The words before the last one say where to, as --output FILE URL.
    bench.command(
      "curl",
      `for word; do file=$before before=$word; done
[ ${status} -eq 0 ] || exit ${status}
case $before in *.sha256) echo '${sum}  flatcar_production_update.gz' >"$file" ;; *) printf '%s' '${PAYLOAD}' >"$file" ;; esac`,
    );
    // Its name cannot be that of a function.
    writeFileSync(`${bench.folder}/commands/flatcar-update`, '#!/bin/sh\nprintf "%s=%s\\n" "$2" "$(cat "$4")" >"$LAB/taken"\n', {
      mode: 0o755,
    });
    bench.write("taken", "");
    const ran = await bench.run(shell, `PATH="$LAB/commands:$PATH"\nset -- ${words}\n${script}`);
    const seen = { ...ran, taken: bench.read("taken").toString(), left: readdirSync(`${bench.folder}/tmp`) };
    bench.clear();
    return seen;
  }

  test("hands the release to update_engine when it has arrived whole, and leaves nothing lying about", async () => {
    const { output, ...seen } = await update("4593.2.6");
    expect(seen).toEqual({ status: 0, taken: "4593.2.6=the payload\n", left: [] });
    expect(output).toContain("drain this node and reboot it");
  });

  test("hands over nothing that arrived wrong", async () => {
    const { output, ...seen } = await update("4593.2.6", { sum: "0".repeat(64) });
    expect(seen).toEqual({ status: 1, taken: "", left: [] });
    expect(output).toContain(`SHA-256 is ${PAYLOAD_SHA}, expected 0000`);
  });

  test("says what to build when the bootstrapper has no such release", async () => {
    const { output, ...seen } = await update("4593.2.6", { status: 22 });
    expect(seen).toEqual({ status: 1, taken: "", left: [] });
    expect(output).toContain("was the bsroot built with version: 4593.2.6 and updates: true?");
  });

  test.each(["", "4593.2.6 4593.2.7", "../etc", "current"])("asks for a release when it is given %j", async (words) => {
    expect(await update(words)).toMatchObject({ status: 1, taken: "", output: expect.stringContaining("as in") });
  });
});
