/** The script beside an installer that has neither curl nor lsblk nor wipefs, as Debian's: with GNU wget, blkid and what the kernel says of its disks. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Machine } from "../../../cluster/cluster.ts";
import { osTarget } from "../../../templates/registry.ts";
import { context, facts, TRIXIE } from "../sample.ts";
import { makeTls, type Tls } from "../tls.ts";
import { beforeEachScript } from "./bench.ts";
import { type Provisioner, TOKEN } from "./provisioner.ts";
import { type Bench, type Ran, SHELLS, type Shell } from "./shells.ts";

const MAC = "52-54-00-00-00-11";
const LIST = "Codename: trixie\n";
const GIB = 2 ** 30;
const DISK = "vda";

let tls: Tls;
let server: Provisioner;
let bench: Bench;
beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  server.image = new TextEncoder().encode(LIST);
  bench
    .command("date", `case "$*" in *-s*) ;; *) exec date "$@" ;; esac`)
    .command("chroot", `cat >"$LAB/ran"`)
    .command("sleep", "exec sleep 0.01")
    .command("reboot");
  for (const quiet of ["umount", "swapoff"]) bench.command(quiet);
  disk(DISK, { size: 20 * GIB });
});
/** A disk as the kernel shows it, and a sparse file in the place of its device. */
function disk(
  name: string,
  { size, usb = false, removable = 0, parts = 0 }: { size: number; usb?: boolean; removable?: number; parts?: number },
): void {
  const folder = join(bench.folder, "devices", usb ? "usb1" : "pci0", name);
  const say = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${text}\n`);
  };
  for (const [path, text] of Object.entries({
    size: size / 512,
    removable,
    ro: 0,
    wwid: `naa.${name}`,
    "device/model": `Disk "${name}"  `,
  }))
    say(path, String(text));
  for (let number = 1; number <= parts; number += 1) {
    say(`${name}${number}/partition`, String(number));
    say(`${name}${number}/size`, String(size / 1024));
  }
  mkdirSync(join(bench.folder, "sys/block"), { recursive: true });
  mkdirSync(join(bench.folder, "dev"), { recursive: true });
  symlinkSync(folder, join(bench.folder, "sys/block", name));
  writeFileSync(device(name), "");
  truncateSync(device(name), size);
}
const device = (name: string): string => join(bench.folder, "dev", name);

function step(words: string, shell: Shell, given: Partial<Machine> = {}): Promise<Ran> {
  const here = { ...context({ os: TRIXIE, ...given }), server: server.endpoints(tls.ca) };
  const sha256 = createHash("sha256").update(LIST).digest("hex");
  const script = osTarget(TRIXIE).installScript(here, facts({ sha256: () => sha256 }));
  return bench.run(
    shell,
    script
      .replace("TRIES=100", "TRIES=4")
      .replace(/WORK=.*SEXTANT_WORK.*/, 'WORK="$LAB/work"')
      .replaceAll("/sys/block/", `${bench.folder}/sys/block/`)
      .replace('PATH="/dev/%s"', `PATH="${bench.folder}/dev/%s"`)
      .replace('main "$@"', `if [ $# -gt 0 ]; then main "$@"; else main ${words}; fi`),
  );
}
const failures = (): readonly string[] =>
  server
    .lines()
    .filter((line) => line.includes("phase=failed"))
    .map(decodeURIComponent);

describe.each(Object.keys(SHELLS) as Shell[])("in %s", (shell) => {
  test("it asks, checks the list, takes the disk, and fetches the configuration last and once", async () => {
    expect(await step("choose", shell)).toMatchObject({ status: 0, output: expect.stringContaining("is blank") });
    expect(readFileSync(`${bench.folder}/work/disk`, "utf8")).toBe(`${device(DISK)}\n`);
    expect(await step("configure /", shell)).toMatchObject({ status: 0, output: expect.stringContaining("cp-1 is installed") });
    expect(bench.read("ran").toString()).toContain("the-cluster-key");
    expect(server.lines()).toEqual([
      "HEAD /healthz",
      `POST /grant/${MAC}`,
      "GET /static/debian/trixie-amd64/dists/trixie/Release",
      `POST /report/${MAC} phase=installing&disk=wwn-naa.${DISK}`,
      `GET /config/${MAC}`,
      `POST /report/${MAC} phase=installed`,
    ]);
    expect(server.heard.filter(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toHaveLength(3);
    expect(server.heard.filter((one) => one.line.includes(MAC)).every((one) => one.tls)).toBe(true);
    expect(existsSync(`${bench.folder}/work`)).toBe(false);
  });
});

describe("in Debian's own shell", () => {
  const shell = "busybox ash";
  test("it knows removable disks, disks on USB and disks on disks from those it may take", async () => {
    disk("sda", { size: 40 * GIB, usb: true });
    disk("sdb", { size: 40 * GIB, removable: 1 });
    disk("md0", { size: 40 * GIB });
    const { output } = await step("choose", shell, { disk: { pick: "largest", wipe: "blank" } });
    expect(output).toMatch(/sda \(42\.9 GB, Disk sda\) is removable/);
    expect(output).toMatch(/sdb \(.*\) is removable/);
    expect(output).not.toContain("md0");
    expect(output).toContain(`takes ${device(DISK)} (wwn-naa.${DISK})`);
  });

  test("it refuses a disk with a partition table, and says which partitions there are", async () => {
    spawnSync("sfdisk", ["--quiet", device(DISK)], { input: "label: gpt\n,10M\n" });
    disk("sda", { size: 1 * GIB, parts: 2 });
    const { status, output } = await step("choose", shell);
    expect(status).toBe(1);
    expect(output).toContain("is not blank, it holds gpt");
    expect(failures()).toEqual([expect.stringMatching(/while\+choosing\+the\+disk:.*is\+not\+blank,\+it\+holds\+gpt/)]);
    expect((await step("choose", shell, { disk: { pick: "first", wipe: "any" } })).output).toContain("holds gpt, which may go");
  });

  test("it refuses a disk with a file system, and one it cannot read", async () => {
    spawnSync("mke2fs", ["-q", "-t", "ext4", device(DISK), "64M"]);
    expect((await step("choose", shell)).output).toContain("is not blank, it holds ext4");
    spawnSync("mv", [device(DISK), `${device(DISK)}-gone`]);
    expect((await step("choose", shell)).output).toContain("cannot be read");
  });

  test("it tells why it is refused, and asks a busy server again", async () => {
    let busy = 2;
    server.trouble = (line, response) => {
      if (!line.startsWith("POST /grant/")) return false;
      response.statusCode = busy-- > 0 ? 503 : 403;
      response.end("no open grant");
      return true;
    };
    const { output } = await step("choose", shell);
    expect(output).toMatch(/answered 503; asks again/);
    expect(output).toMatch(/FAILED while asking for permission to install: https:\S+ answered 403: no open grant/);
  });

  test("it talks to nobody who is not certified by our CA", async () => {
    const stranger = makeTls();
    const real = tls;
    tls = { ...tls, ca: stranger.ca };
    const { output } = await step("choose", shell);
    tls = real;
    expect(output).toMatch(/FAILED while asking for permission to install: .*certificate/i);
    expect(server.lines()).toEqual(["HEAD /healthz"]);
  });

  test("it never has the token on a command line or the console", async () => {
    const said = [await step("choose", shell), await step("configure /", shell)].map(({ output }) => output);
    expect([...said, ...bench.calls()].join("\n")).not.toContain(TOKEN);
  });

  test("it reads of the installer's end in its log, and reports it with words that a form would take for its own", async () => {
    await step("choose", shell);
    bench.write("syslog", "main-menu[1]: WARNING **: Configuring 'grub-installer' failed with error code 1 & 100% = #1+1\n");
    await step(`watch ${bench.folder}/syslog 'failed with error code'`, shell);
    expect(failures().at(-1)).toMatch(/the\+installer\+gave\+up:.*'grub-installer'\+failed\+with\+error\+code\+1\+&\+100%\+=\+#1\+1/);
  });
});
