/** What Anaconda is told, and what the new system is made of. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Os, ROLES } from "../../../../cluster/cluster.ts";
import { nodePlan, osTarget } from "../../../../templates/registry.ts";
import { expectGolden } from "../../golden.ts";
import { shellcheck } from "../../judges.ts";
import { resolved } from "../../resolved.ts";
import { cluster, context, facts, machine, ROCKY } from "../../sample.ts";

const target = osTarget(ROCKY);
const TEN: Os = { target: "enterprise-linux", distribution: "almalinux", version: "10" };
const script = (rule: object = {}): string =>
  target.installScript(context({ os: ROCKY, ...rule }), facts({ ours: ["serial-A", "wwn-0x5000"] }));
const kickstart = (os = ROCKY): string => osTarget(os).stageOne!(context({ os }));

/** `%pre --erroronfail` ... `%end`, by name. */
const section = (name: string, text = kickstart()): string => new RegExp(`^%${name}\\b.*\\n([\\s\\S]*?)^%end$`, "m").exec(text)![1]!;
const commands = (text = kickstart()): readonly string[] =>
  text
    .replace(/^%(?!include)[\s\S]*?^%end$/gm, "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

describe("the kickstart", () => {
  test.each([
    { name: "9", os: ROCKY },
    { name: "10", os: TEN },
  ])("of release $name is what it was", ({ name, os }) => {
    expectGolden(`enterprise-linux/kickstart-${name}.ks`, kickstart(os));
  });

  test("says only what Anaconda of RHEL 9 and of RHEL 10 both know", () => {
    // The command maps of pykickstart's handlers for both; what either dropped (auth, install, autostep ...) is not here.
    const known = /^(%include|text|url|repo|lang|keyboard|timezone|timesource|network|rootpw|selinux|firewall|firstboot|reboot)\b/;
    for (const line of [...commands(), ...commands(kickstart(TEN))]) expect(line).toMatch(known);
  });

  test("leaves the disk to %pre, and %pre to the rule of the description", () => {
    expect(commands()).toContain("%include /tmp/sextant.disk");
    expect(commands().join("\n")).not.toMatch(/^(clearpart|zerombr|autopart|part|ignoredisk|bootloader)/m);
    expect(section("pre")).toMatch(
      /sextant\.sh choose[^\n]*\|\| exit 1\n[\s\S]*ignoredisk --only-use=\$disk\nzerombr\nclearpart --all --initlabel --drives=\$disk\n/,
    );
  });

  test("does not change which entry the firmware boots first", () => {
    expect(section("pre")).toContain("--leavebootorder");
  });

  test("takes its packages from here and nowhere else", () => {
    const urls = kickstart().match(/https?:\/\/[^\s"]+/g)!;
    expect(urls.length).toBeGreaterThan(2);
    for (const url of urls) expect(url).toMatch(/^http:\/\/10\.0\.0\.1\//);
  });

  test.each([
    { release: "9", os: ROCKY, extra: false },
    { release: "10", os: TEN, extra: true },
  ])("asks for kernel-modules-extra where the packet filters moved there ($release: $extra)", ({ os, extra }) => {
    expect(section("packages", kickstart(os)).includes("kernel-modules-extra\n")).toBe(extra);
  });

  test.each(["pre", "post", "onerror"])("has a %%%s that shellcheck is content with", (name) => {
    expect(shellcheck(`#!/bin/sh\n${section(name)}`)).toBe("");
  });

  test("keeps the time where the bootstrapper serves it, and does not look for it elsewhere", () => {
    expect(commands()).toContain("timesource --ntp-server=10.0.0.1");
    const rack = cluster([machine({ os: ROCKY })]);
    const quiet = { ...rack, network: { ...rack.network, ntp: false } };
    expect(commands(target.stageOne!({ ...context({ os: ROCKY }), cluster: quiet }))).toContain("timesource --ntp-disable");
  });

  test("is refused instead of broken when a word would become two", () => {
    expect(() => target.stageOne!(context({ os: ROCKY, name: "a b\n%pre\nreboot" }))).toThrow("cannot be a word of a kickstart");
  });
});

describe("%pre, run", () => {
  /** `chooses` stands for the script beside the installer. */
  function run(chooses: string): { readonly status: number | null; readonly written: string } {
    const folder = mkdtempSync(join(tmpdir(), "sextant-pre-"));
    mkdirSync(join(folder, "sextant"));
    writeFileSync(join(folder, "served"), chooses);
    const script = section("pre")
      .replaceAll("/tmp/", `${folder}/`)
      .replace(/^until curl .*$/m, `cp ${folder}/served ${folder}/sextant.sh`)
      .replace(">/dev/console 2>&1", "");
    const { status } = spawnSync("sh", ["-c", script], { env: { PATH: process.env["PATH"], FOLDER: folder } });
    const written = existsSync(join(folder, "sextant.disk")) ? readFileSync(join(folder, "sextant.disk"), "utf8") : "";
    rmSync(folder, { recursive: true });
    return { status, written };
  }

  test("gives Anaconda the chosen disk and no other, by the name that its commands take", () => {
    expect(run('[ "$1" = choose ] && echo /dev/nvme0n1 >"$FOLDER/sextant/disk"')).toEqual({
      status: 0,
      written: [
        "ignoredisk --only-use=nvme0n1",
        "zerombr",
        "clearpart --all --initlabel --drives=nvme0n1",
        "autopart --type=plain --fstype=xfs --nohome --noswap",
        'bootloader --boot-drive=nvme0n1 --leavebootorder --append="console=tty0 console=ttyS0,115200n8"',
        "",
      ].join("\n"),
    });
  });

  test("ends the installation, and names no disk, when none may be taken", () => {
    expect(run("exit 1")).toEqual({ status: 1, written: "" });
  });
});

describe("the script beside the installer", () => {
  test("is what it was, and shellcheck has no word against it", () => {
    expectGolden("enterprise-linux/install.sh", script());
    expect(shellcheck(script())).toBe("");
  });

  test("takes no disk below the 10 GiB that the system needs", () => {
    expect(script({ disk: { minSize: 1, pick: "first", wipe: "any" } })).toContain("RULE_MIN='10737418240'");
  });
});

describe("the configuration", () => {
  test.each(["control-plane", "worker"] as const)("of a %s is what it was, and shellcheck has no word against it", (role) => {
    const { body } = target.config(resolved(nodePlan(context({ os: ROCKY, roles: [role] }))));
    expectGolden(`enterprise-linux/${role}.sh`, body);
    expect(shellcheck(body)).toBe("");
  });

  test("keeps time by chrony, which is what the distribution has", () => {
    const { body } = target.config(resolved(nodePlan(context({ os: ROCKY, roles: ROLES }))));
    expect(body).not.toContain("timesyncd.service");
    expect(body).toMatch(/^UNIT='chronyd\.service'$/m);
    expect(Buffer.from(/FILE='\/etc\/chrony\.conf'\nMODE='0644'\nBYTES='([^']+)'/.exec(body)![1]!, "base64").toString()).toMatch(
      /^server 10\.0\.0\.1 iburst$/m,
    );
  });
});
