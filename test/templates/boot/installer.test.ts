/** The script beside an installer, run step by step as Anaconda's %pre, %post and %onerror would, against a small bootstrapper. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { InstallFacts } from "../../../cluster/extension.ts";
import { osTarget } from "../../../templates/registry.ts";
import { context, facts, ROCKY } from "../sample.ts";
import type { Tls } from "../tls.ts";
import { beforeEachScript } from "./bench.ts";
import { type Provisioner, TOKEN } from "./provisioner.ts";
import { type Bench, type Ran, SHELLS, type Shell } from "./shells.ts";

const MAC = "52-54-00-00-00-11";
const LIST = "<repomd/>";
const GIB = 2 ** 30;
const DISK = Buffer.alloc(2 << 20, 0xee);

let tls: Tls;
let server: Provisioner;
let bench: Bench;

beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  server.image = new TextEncoder().encode(LIST);
  bench.write("disk", DISK);
  bench.write("marks", "");
  bench.write(
    "listing",
    `NAME="disk" PATH="${bench.folder}/disk" TYPE="disk" SIZE="${20 * GIB}" RM="0" RO="0" TRAN="virtio" SERIAL="D1" WWN="" MODEL=""\n`,
  );
  bench
    .command("lsblk", `case "$*" in *--nodeps*) cat "$LAB/listing" ;; esac`)
    .command("wipefs", `cat "$LAB/marks"`)
    .command("date", `case "$*" in *-s*) ;; *) exec date "$@" ;; esac`)
    // The new system: what is run inside it arrives on its standard input.
    .command("chroot", `cat >"$LAB/ran"; [ ! -e "$LAB/breaks" ] || { echo "useradd: no"; exit 1; }`)
    .command("sleep", "exec sleep 0.01")
    .command("reboot");
  for (const quiet of ["umount", "swapoff", "blkid"]) bench.command(quiet);
});

/** Each step is a process of its own; what it knows of the one before lies in a folder. */
function step(words: string, shell: Shell = "dash", known: Partial<InstallFacts> = {}): Promise<Ran> {
  const given = { ...context({ os: ROCKY }), server: server.endpoints(tls.ca) };
  const sha256 = createHash("sha256").update(LIST).digest("hex");
  const script = osTarget(ROCKY).installScript(given, facts({ sha256: () => sha256, ...known }));
  return bench.run(
    shell,
    script
      .replace("TRIES=100", "TRIES=4")
      .replace(/WORK=.*SEXTANT_WORK.*/, 'WORK="$LAB/work"')
      .replace('main "$@"', `main ${words}`),
  );
}

const reports = (): readonly string[] => server.lines().filter((line) => line.startsWith("POST /report"));
const failures = (): readonly string[] =>
  reports()
    .filter((line) => line.includes("phase=failed"))
    .map(decodeURIComponent);
const startOfDisk = (): Buffer => bench.read("disk").subarray(0, 1 << 20);

describe.each(Object.keys(SHELLS) as Shell[])("the script beside an installer, in %s", (shell) => {
  test("asks, checks the lists, hands over the disk, and fetches the configuration last and once", async () => {
    expect(await step("choose", shell)).toMatchObject({ status: 0, output: expect.stringContaining("is blank") });
    expect(readFileSync(`${bench.folder}/work/disk`, "utf8")).toBe(`${bench.folder}/disk\n`);
    expect(statSync(`${bench.folder}/work/authorization`).mode & 0o777).toBe(0o600);
    expect(server.lines().some((line) => line.startsWith("GET /config/"))).toBe(false);

    expect(await step("configure /", shell)).toMatchObject({ status: 0, output: expect.stringContaining("cp-1 is installed") });
    expect(bench.read("ran").toString()).toContain("the-cluster-key");
    expect(server.lines()).toEqual([
      "HEAD /healthz",
      `POST /grant/${MAC}`,
      expect.stringMatching(/^GET \/static\/enterprise-linux\/rocky-9\.6-x86_64\/BaseOS\/repodata\/repomd\.xml$/),
      expect.stringMatching(/AppStream\/repodata\/repomd\.xml$/),
      `POST /report/${MAC} phase=installing&disk=serial-D1`,
      `GET /config/${MAC}`,
      `POST /report/${MAC} phase=installed`,
    ]);
    expect(bench.calls().filter((call) => call.startsWith("chroot"))).toEqual(["chroot / /bin/sh -s"]);
    expect(existsSync(`${bench.folder}/work`)).toBe(false);
    expect(bench.read("disk").equals(DISK)).toBe(true);
  });

  test("refuses a disk that holds something, before the installer hears of it", async () => {
    bench.write("marks", "# offset,uuid,label,type\n0x200,,,gpt\n");
    const { status, output } = await step("choose", shell);
    expect(status).toBe(1);
    expect(output).toContain("is not blank, it holds gpt; to give it up ask for a reinstall of cp-1");
    expect(failures()).toEqual([expect.stringMatching(/while\+choosing\+the\+disk/)]);
    expect(existsSync(`${bench.folder}/work/disk`)).toBe(false);
    expect(bench.read("disk").equals(DISK)).toBe(true);
    expect(bench.calls().at(-1)).toBe("reboot -f");
  });

  test("takes it again when an earlier attempt began it, or the operator gave it up", async () => {
    bench.write("marks", "# offset,uuid,label,type\n0x200,,,gpt\n");
    expect((await step("choose", shell, { ours: ["serial-D1"] })).status).toBe(0);
    expect((await step("choose", shell, { mayWipe: true })).status).toBe(0);
  });

  test("installs nothing from lists that are not the builder's", async () => {
    const { output } = await step("choose", shell, { sha256: () => "0".repeat(64) });
    expect(output).toMatch(/repomd\.xml arrived wrong: SHA-256 is [0-9a-f]{64}, expected 0{64}/);
    expect(reports()).toEqual([expect.stringContaining("phase=failed")]);
  });

  test("tells what the installer died of, and leaves a disk that cannot boot half a system", async () => {
    await step("choose", shell);
    await step("failed 'the installer gave up: no space left'", shell);
    expect(failures().at(-1)).toMatch(/while\+the\+installer\+ran:\+the\+installer\+gave\+up:\+no\+space\+left/);
    expect(startOfDisk().equals(Buffer.alloc(1 << 20))).toBe(true);
    expect(existsSync(`${bench.folder}/work`)).toBe(false);
  });

  test("does not call a system installed whose configuration broke, and keeps its secrets out of the report", async () => {
    bench.write("breaks", "");
    await step("choose", shell);
    await step("configure /", shell);
    expect(failures().at(-1)).toMatch(/while\+configuring\+the\+new\+system:\+the\+new\+system\+cannot\+be\+configured:\+useradd:\+no/);
    expect(server.lines().join("\n")).not.toMatch(/phase=installed|the-cluster-key/);
    expect(startOfDisk().equals(Buffer.alloc(1 << 20))).toBe(true);
  });

  test("never has the token on a command line or the console", async () => {
    const ran = [await step("choose", shell), await step("configure /", shell)];
    expect([...ran.map(({ output }) => output), ...bench.calls()].join("\n")).not.toContain(TOKEN);
  });

  test("asks nobody for a configuration when it was never let in", async () => {
    server.trouble = (line, response) => {
      if (!line.startsWith("POST /grant/")) return false;
      response.statusCode = 403;
      response.end("no open grant");
      return true;
    };
    expect((await step("choose", shell)).output).toContain("no open grant");
    expect((await step("configure /", shell)).status).toBe(1);
    expect(reports()).toEqual([]);
  });
});
