/** What Ubuntu's installer is told, and what it may install from. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { bootScripts, nodePlan, osTarget } from "../../../../templates/registry.ts";
import { beforeEachScript } from "../../boot/bench.ts";
import type { Provisioner } from "../../boot/provisioner.ts";
import { type Bench, type Ran, SHELLS, type Shell } from "../../boot/shells.ts";
import { expectGolden } from "../../golden.ts";
import { says, shellcheck } from "../../judges.ts";
import { resolved } from "../../resolved.ts";
import { context, facts, UBUNTU } from "../../sample.ts";
import type { Tls } from "../../tls.ts";

const target = osTarget(UBUNTU);
const given = context({ os: UBUNTU });
const userData = target.stageOne!(given);
const { autoinstall } = JSON.parse(userData.replace("#cloud-config\n", ""));
const script = target.installScript(given, facts({ ours: ["serial-A"] }));

/** What cloud-init's own checker says. */
function judged(config: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sextant-cloud-"));
  writeFileSync(join(folder, "user-data"), config);
  const words = says("cloud-init", ["schema", "--config-file", join(folder, "user-data")]);
  rmSync(folder, { recursive: true });
  return words.replace(`${folder}/`, "").trim();
}

describe("the answers", () => {
  test("are what they were, and cloud-init has no word against them", () => {
    expectGolden("ubuntu/user-data", userData);
    expect(judged(userData)).toBe("Valid cloud-config: user-data");
  });

  test("would have been refused when they were wrong", () => {
    expect(judged(userData.replace('"version": 1,', ""))).not.toContain("Valid");
  });

  test("say only what the installer's reference knows, and leave no question open", () => {
    const known = [
      "version",
      "early-commands",
      "locale",
      "keyboard",
      "timezone",
      "refresh-installer",
      "source",
      "network",
      "apt",
      "storage",
    ];
    expect(Object.keys(autoinstall)).toEqual([...known, "ssh", "user-data", "late-commands", "error-commands", "shutdown"]);
  });

  test("name no disk before the rule has chosen one", () => {
    expect(autoinstall.storage.layout).toEqual({ name: "direct", match: { path: "/dev/disk/sextant" } });
    expect(autoinstall["early-commands"]).toHaveLength(1);
    expect(autoinstall["early-commands"][0]).toMatch(
      /sextant\.sh choose [^\n]*\|\| exit 1\n[\s\S]*sed -i "s\|\/dev\/disk\/sextant\|\$disk\|" \/autoinstall\.yaml/,
    );
  });

  test("put the chosen disk in its place, in any form YAML has", () => {
    const folder = mkdtempSync(join(tmpdir(), "sextant-answers-"));
    for (const form of [userData, "storage:\n  layout:\n    match:\n      path: /dev/disk/sextant\n    name: direct\n"]) {
      writeFileSync(join(folder, "autoinstall.yaml"), form);
      const [, edit] = /^(sed -i .*)$/m.exec(autoinstall["early-commands"][0])!;
      expect(
        says("sh", [
          "-euc",
          `disk=/dev/nvme0n1; ${edit!.replace(" /autoinstall", ` ${folder}/autoinstall`)}; cat ${folder}/autoinstall.yaml`,
        ]),
      ).toBe(form.replaceAll("/dev/disk/sextant", "/dev/nvme0n1"));
    }
    rmSync(folder, { recursive: true });
  });

  test("make no user and no password, and do not change which entry the firmware boots first", () => {
    expect(autoinstall).not.toHaveProperty("identity");
    expect(autoinstall["user-data"]).toMatchObject({ users: [], ssh_pwauth: false });
    expect(autoinstall.storage.grub).toEqual({ reorder_uefi: false });
  });

  test("use the network card that booted and no archive outside", () => {
    expect(autoinstall.network.ethernets.booted.match.macaddress).toBe("52:54:00:00:00:11");
    expect(userData.match(/https?:\/\/[^"'\s;]+/g)).toEqual(["http://10.0.0.1/install/52-54-00-00-00-11.sh"]);
    expect(autoinstall.apt.fallback).toBe("offline-install");
  });

  test.each(["early-commands", "late-commands", "error-commands"])("have %s that shellcheck is content with", (name) => {
    for (const command of autoinstall[name]) expect(shellcheck(`#!/bin/sh\n${command}\n`)).toBe("");
  });
});

test("iPXE is told where the answers are, the trailing slash included", () => {
  expect(bootScripts.install(given)).toContain(" ds=nocloud;s=http://10.0.0.1/boot/52-54-00-00-00-11/ ");
});

test("the script beside the installer is what it was, and shellcheck has no word against it", () => {
  expectGolden("ubuntu/install.sh", script);
  expect(shellcheck(script)).toBe("");
});

test.each(["control-plane", "worker"] as const)(
  "the configuration of a %s is what it was, and shellcheck has no word against it",
  (role) => {
    const { body } = target.config(resolved(nodePlan(context({ os: UBUNTU, roles: [role] }))));
    expectGolden(`ubuntu/${role}.sh`, body);
    expect(shellcheck(body)).toBe("");
  },
);

describe.each(Object.keys(SHELLS) as Shell[])("the ISO that the live system runs from, in %s", (shell) => {
  const ISO = "the whole ISO";
  let tls: Tls;
  let server: Provisioner;
  let bench: Bench;
  beforeEachScript((laid) => {
    ({ tls, server, bench } = laid);
    bench.write("iso", ISO);
    bench.write("mounts", "/dev/loop0 /cdrom iso9660 ro 0 0\n");
    bench.write(
      "listing",
      'NAME="vda" PATH="/dev/lab-vda" TYPE="disk" SIZE="21474836480" RM="0" RO="0" TRAN="virtio" SERIAL="D1" WWN="" MODEL=""\n',
    );
    bench
      .command("lsblk", `case "$*" in *--nodeps*) cat "$LAB/listing" ;; esac`)
      .command("date", `case "$*" in *-s*) ;; *) exec date "$@" ;; esac`)
      .command("head", `case "$*" in *" /dev/loop0") exec head -c "$2" "$LAB/iso" ;; *) exec head "$@" ;; esac`)
      .command("dd") // nothing here may touch a disk
      .command("sleep", "exec sleep 0.01")
      .command("reboot");
    for (const quiet of ["wipefs", "umount", "swapoff", "blkid"]) bench.command(quiet);
  });
  function choose(expected: string): Promise<Ran> {
    const here = { ...given, server: server.endpoints(tls.ca) };
    const text = target.installScript(
      here,
      facts({ sha256: () => createHash("sha256").update(expected).digest("hex"), size: () => ISO.length }),
    );
    return bench.run(
      shell,
      text
        .replace(/WORK=.*SEXTANT_WORK.*/, 'WORK="$LAB/work"')
        .replace(/"\$\{SEXTANT_MOUNTS:-[^"]*"/, '"$LAB/mounts"')
        .replace('main "$@"', "main choose"),
    );
  }

  test("is hashed before a disk is looked at", async () => {
    expect(await choose(ISO)).toMatchObject({
      status: 0,
      output: expect.stringContaining("/dev/loop0 at /cdrom is what the builder fetched"),
    });
  });

  test("is not installed from when it is another", async () => {
    const { status, output } = await choose("another ISO");
    expect(status).toBe(1);
    expect(output).toContain("/dev/loop0 at /cdrom arrived wrong");
    expect(server.lines().some((line) => line.includes("phase=installing"))).toBe(false);
  });

  test("is said not to be checked where it is on no loop device", async () => {
    bench.write("mounts", "/dev/sr0 /cdrom iso9660 ro 0 0\n");
    expect(await choose("another ISO")).toMatchObject({
      status: 0,
      output: expect.stringContaining("cannot be checked: it is on no loop device"),
    });
  });
});
