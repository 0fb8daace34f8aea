/** The plan's script, run as an installer runs it: inside a whole system, here this one below a layer that takes every change and is thrown away. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ResolvedPlan } from "../../../cluster/plan.ts";
import { planScript } from "../../../templates/os/plan-script.ts";
import { nodePlan } from "../../../templates/registry.ts";
import { resolved } from "../resolved.ts";
import { context, ROCKY } from "../sample.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Runs `script` in the new system, then `look`, and answers what both say. Nothing of either stays. */
async function inNewSystem(script: string, look: string): Promise<{ readonly status: number | null; readonly said: string }> {
  const folder = mkdtempSync(join(tmpdir(), "sextant-root-"));
  const enter = `
    mount -t tmpfs none "${folder}" && mkdir "${folder}/upper" "${folder}/work" "${folder}/root" &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work" "${folder}/root" || exit 99
    chroot "${folder}/root" /bin/sh -s 2>&1 || exit 1
    chroot "${folder}/root" /bin/sh -c "$LOOK" 2>&1`;
  const child = spawn("unshare", ["--mount", "sh", "-c", enter], { env: { PATH: process.env["PATH"], LOOK: look } });
  let said = "";
  child.stdout.on("data", (part: Buffer) => (said += part.toString()));
  child.stdin.end(script);
  const status = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  rmdirSync(folder);
  return { status, said };
}

const nothing: Pick<ResolvedPlan, "users" | "files" | "units"> = { users: [], files: [], units: [] };

describe("the plan's script in a new system", () => {
  test("leaves every file of a control plane with its bytes, its mode and root as its owner", async () => {
    const plan = resolved(nodePlan(context({ os: ROCKY, roles: ["control-plane"] })));
    const look = plan.files.map(({ path }) => `stat -c '%n %a %u:%g' ${path}; sha256sum <${path}`).join("\n");
    const { said } = await inNewSystem(planScript(plan), look);
    for (const { path, mode, content } of plan.files) {
      if (!("bytes" in content)) throw new Error(`${path} has no bytes here`);
      expect(said).toContain(`${path} ${mode.toString(8)} 0:0\n${createHash("sha256").update(content.bytes).digest("hex")}`);
    }
    expect(plan.files.some(({ mode }) => mode === 0o600)).toBe(true);
  });

  test("makes the administrator, without a password, with the keys and groups of the description", async () => {
    const users = [
      { name: "sextant-admin", groups: ["wheel", "sudo"], sshKeys: ["ssh-ed25519 AAAA one's key", "ssh-ed25519 BBBB $(reboot)"] },
    ];
    const { said } = await inNewSystem(
      planScript({ ...nothing, users }),
      `id -nG sextant-admin; getent shadow sextant-admin | cut -d: -f2; cd /home/sextant-admin/.ssh; stat -c '%U %a %n' . authorized_keys; cat authorized_keys`,
    );
    const [groups, password, ...rest] = said.trimEnd().split("\n");
    expect(groups!.split(" ").sort()).toEqual(["sextant-admin", "sudo", "wheel"]);
    expect(password).toMatch(/^!/);
    expect(rest).toEqual(["sextant-admin 700 .", "sextant-admin 600 authorized_keys", ...users[0]!.sshKeys]);
  });

  test("writes units and their drop-ins, enables what is to start, and goes on past a unit that is not there", async () => {
    const units = [
      { name: "sextant-absent.service", enabled: true, dropins: [{ name: "10-x.conf", contents: "[Service]\n" }] },
      { name: "sextant-new.service", enabled: true, contents: "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n" },
    ];
    const { status, said } = await inNewSystem(
      planScript({ ...nothing, units }),
      "cat /etc/systemd/system/sextant-absent.service.d/10-x.conf; readlink /etc/systemd/system/multi-user.target.wants/sextant-new.service",
    );
    expect({ status, said }).toMatchObject({ status: 0, said: expect.stringContaining("sextant-absent.service cannot be enabled") });
    expect(said).toContain("[Service]\n/etc/systemd/system/sextant-new.service\n");
  });

  test("is the same when it runs twice", async () => {
    const plan = resolved(nodePlan(context({ os: ROCKY })));
    const twice = `${planScript(plan)}\n${planScript(plan).replace("#!/bin/sh", "")}`;
    expect((await inNewSystem(twice, "getent passwd core | wc -l")).said).toMatch(/\n1\n$/);
  });

  test("fetches what is too large to carry, and refuses it with other bytes", async () => {
    const server = createServer((_, response) => response.end("a program"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/static/program`;
    const file = (hash: string) => ({ path: "/opt/sextant/deep/program", mode: 0o755, content: { url, sha256: hash } });
    const look = "stat -c '%a' /opt/sextant/deep /opt/sextant/deep/program; cat /opt/sextant/deep/program";
    const asked = (hash: string) => inNewSystem(planScript({ ...nothing, files: [file(hash)] }), look);
    expect(await asked(sha256("a program"))).toEqual({ status: 0, said: expect.stringMatching(/755\n755\na program$/) });
    expect(await asked("0".repeat(64))).toMatchObject({
      status: 1,
      said: expect.stringContaining(`SHA-256 is ${sha256("a program")}, expected 0000`),
    });
    server.close();
  });

  test("is nothing when it arrives cut off: no line of it runs before all of it is there", async () => {
    const whole = planScript({ ...nothing, files: [{ path: "/etc/sextant-cut", mode: 0o644, content: { bytes: bytes("x") } }] });
    const { said } = await inNewSystem(`${whole.slice(0, -6)}\nexit 0\n`, "ls /etc/sextant-cut");
    expect(said).toContain("No such file");
  });
});
