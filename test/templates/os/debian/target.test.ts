/** What Debian's installer is told, and what the new system is made of. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Os } from "../../../../cluster/cluster.ts";
import { bootScripts, nodePlan, osTarget } from "../../../../templates/registry.ts";
import { expectGolden } from "../../golden.ts";
import { says, shellcheck } from "../../judges.ts";
import { resolved } from "../../resolved.ts";
import { context, facts, TRIXIE } from "../../sample.ts";

const target = osTarget(TRIXIE);
const given = context({ os: TRIXIE });
const preseed = (os: Os = TRIXIE, machine: object = {}): string => osTarget(os).stageOne!(context({ os, ...machine }));
const script = target.installScript(given, facts({ ours: ["serial-A", "wwn-0x5000"] }));

/** What stands behind a question. */
const answer = (question: string, text = preseed()): string => {
  const [, value] = new RegExp(`^\\S+ ${question} [a-z]+ ?(.*)$`, "m").exec(text) ?? [];
  if (value === undefined) throw new Error(`the preseed does not answer ${question}`);
  return value;
};

/** What debconf's own checker says. */
function judged(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sextant-preseed-"));
  writeFileSync(join(folder, "preseed.cfg"), text);
  const words = says("debconf-set-selections", ["--checkonly", join(folder, "preseed.cfg")]);
  rmSync(folder, { recursive: true });
  return words.trim();
}

describe("the preseed", () => {
  test("is what it was, and debconf has no word against it", () => {
    expectGolden("debian/preseed.cfg", preseed());
    expect(judged(preseed())).toBe("");
  });

  test("would have been refused when it were wrong", () => {
    expect(judged(preseed().replace("d-i time/zone string", "d-i"))).not.toBe("");
  });

  test("of release 12, of another processor, and with further packages says so", () => {
    const text = preseed({ target: "debian", version: "12", packages: ["vim"] }, { architecture: "arm64" });
    expect(answer("mirror/suite", text)).toBe("bookworm");
    expect(answer("mirror/http/directory", text)).toMatch(/^\/static\/debian\/bookworm-arm64-[0-9a-f]{12}$/);
    expect(answer("base-installer/kernel/image", text)).toBe("linux-image-arm64");
    expect(answer("pkgsel/include", text)).toMatch(/ vim$/);
  });

  test("takes its packages from here and nowhere else, and only what Debian signed", () => {
    expect(answer("mirror/http/hostname")).toBe("10.0.0.1");
    expect(answer("apt-setup/services-select")).toBe("");
    expect(answer("debian-installer/allow_unauthenticated")).toBe("false");
    expect(preseed().match(/https?:\/\/[^\s;"']+/g)).toEqual(["http://10.0.0.1/install/52-54-00-00-00-11.sh"]);
  });

  test("names no disk before the rule has chosen one", () => {
    expect(preseed()).not.toMatch(/^\S+ (partman-auto\/disk|grub-installer\/bootdev) /m);
  });

  test("makes no user and no password, and does not change which entry the firmware boots first", () => {
    expect(answer("passwd/root-password-crypted")).toBe("!");
    expect(answer("passwd/make-user")).toBe("false");
    expect(answer("grub-installer/update-nvram")).toBe("false");
    expect(answer("grub-installer/force-efi-extra-removable")).toBe("true");
  });

  test.each(["preseed/early_command", "partman/early_command", "preseed/late_command"])(
    "has a %s that shellcheck is content with",
    (question) => {
      expect(shellcheck(`#!/bin/sh\n${answer(question)}\n`)).toBe("");
    },
  );

  test("is refused instead of broken when a word would become a line", () => {
    expect(() => preseed(TRIXIE, { name: "a\nd-i x/y string z" })).toThrow("cannot stand in a preseed");
  });
});

describe("partman/early_command, run", () => {
  /** `chooses` stands for the script beside the installer. */
  function run(chooses: string): { readonly status: number | null; readonly written: string } {
    const folder = mkdtempSync(join(tmpdir(), "sextant-partman-"));
    mkdirSync(join(folder, "sextant"));
    writeFileSync(join(folder, "sextant.sh"), chooses);
    writeFileSync(join(folder, "debconf-set-selections"), `#!/bin/sh\ncp "$1" ${folder}/loaded\n`, { mode: 0o755 });
    const command = answer("partman/early_command").replaceAll("/tmp/", `${folder}/`).replace(">/dev/console 2>&1", "");
    const { status } = spawnSync("sh", ["-c", command], { env: { PATH: `${folder}:${process.env["PATH"]}`, FOLDER: folder } });
    const written = existsSync(join(folder, "loaded")) ? readFileSync(join(folder, "loaded"), "utf8") : "";
    rmSync(folder, { recursive: true });
    return { status, written };
  }

  test("gives the installer the chosen disk, to write on and to start from", () => {
    const { status, written } = run('[ "$1" = choose ] && echo /dev/nvme0n1 >"$FOLDER/sextant/disk"');
    expect({ status, written }).toEqual({
      status: 0,
      written: "d-i partman-auto/disk string /dev/nvme0n1\nd-i grub-installer/bootdev string /dev/nvme0n1\n",
    });
    expect(judged(written)).toBe("");
  });

  test("names none when none may be taken", () => {
    expect(run("exit 1")).toEqual({ status: 1, written: "" });
  });
});

test("iPXE is told where the answers are, and what must be known before them", () => {
  const boot = bootScripts.install(given);
  expect(boot).toContain(" preseed/url=http://10.0.0.1/boot/52-54-00-00-00-11.cfg ");
  expect(boot).toContain(" netcfg/get_hostname=cp-1 netcfg/get_domain=cluster.example ");
});

test("the script beside the installer is what it was, and shellcheck has no word against it", () => {
  expectGolden("debian/install.sh", script);
  expect(shellcheck(script)).toBe("");
});

test.each(["control-plane", "worker"] as const)(
  "the configuration of a %s is what it was, and shellcheck has no word against it",
  (role) => {
    const { body } = target.config(resolved(nodePlan(context({ os: TRIXIE, roles: [role] }))));
    expectGolden(`debian/${role}.sh`, body);
    expect(shellcheck(body)).toBe("");
  },
);
