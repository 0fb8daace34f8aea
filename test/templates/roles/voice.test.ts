import { mkdirSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { nodePlan } from "../../../templates/registry.ts";
import { beforeEachScript } from "../boot/bench.ts";
import { type Provisioner, TOKEN } from "../boot/provisioner.ts";
import { type Bench, SHELLS, type Shell } from "../boot/shells.ts";
import { cluster, context, machine } from "../sample.ts";
import type { Tls } from "../tls.ts";

const MAC = "52-54-00-00-00-11";
const BOOTSTRAPPER = "10.0.0.1       STREAM bootstrapper.cluster.example";

let tls: Tls;
let server: Provisioner;
let bench: Bench;

beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  bench.command("sleep", "exec sleep 0.01");
  mkdirSync(`${bench.folder}/etc`);
  bench.write("etc/report-token", TOKEN);
  bench.write("etc/ca.pem", tls.ca);
});
/** A file of the node's plan, with the node's folders moved to the bench. */
function onNode(path: string, given = context()): string {
  const plan = nodePlan({ ...given, server: server.endpoints(tls.ca) });
  const content = plan.files.find((file) => file.path === path)!.content;
  if (!("text" in content)) throw new Error(`${path} is no text`);
  return `SEXTANT_FOLDER=${bench.folder}/etc\nSEXTANT_REPORT=${bench.folder}/report\n${content.text}`;
}
const reports = (): readonly string[] =>
  server.lines().map((line) => decodeURIComponent(line.replaceAll("+", " ")).replace(`POST /report/${MAC} `, ""));

describe.each(Object.keys(SHELLS) as Shell[])("/opt/sextant/report in %s", (shell) => {
  const report = (...args: readonly string[]): string =>
    `set -- ${args.map((arg) => `'${arg}'`).join(" ")}\n${onNode("/opt/sextant/report")}`;

  test("tells the phase over TLS with the node's token", async () => {
    const { status, output } = await bench.run(shell, report("configuring"));
    expect(status).toBe(0);
    expect(server.heard).toEqual([{ line: `POST /report/${MAC} phase=configuring`, authorization: `Bearer ${TOKEN}`, tls: true }]);
    expect(output).not.toContain(TOKEN);
  });

  test("tells a reason with every character it has", async () => {
    await bench.run(shell, report("failed", "a & b = 100% of $HOME; new+old"));
    expect(new URLSearchParams(server.lines()[0]!.split(" ").at(-1)).get("reason")).toBe("a & b = 100% of $HOME; new+old");
  });

  test("tries as often as it is told", async () => {
    let refused = 0;
    server.trouble = (_, response) => {
      if (refused++ >= 2) return false;
      response.writeHead(503).end();
      return true;
    };
    expect(await bench.run(shell, `TRIES=2\n${report("ready")}`)).toMatchObject({ status: 1 });
    refused = 0;
    expect(await bench.run(shell, `TRIES=3\n${report("ready")}`)).toMatchObject({ status: 0 });
  });

  test("of a machine without a token tells nobody, and says so", async () => {
    bench.write("etc/report-token", "");
    expect(await bench.run(shell, report("ready"))).toMatchObject({ status: 0, output: expect.stringContaining("not listed") });
    expect(server.heard).toEqual([]);
  });
});

describe.each(Object.keys(SHELLS) as Shell[])("/opt/sextant/ready in %s", (shell) => {
  /** What is asked again and again becomes right at the given time it is asked. */
  const from = (time: number, right: string, wrong: string): string =>
    `n=$(($(cat "$LAB/asked.$(basename "$0")" 2>/dev/null || echo 0) + 1)); echo $n >"$LAB/asked.$(basename "$0")"; if [ $n -ge ${time} ]; then ${right}; else ${wrong}; fi`;

  beforeEach(() => {
    bench.write("etc/ready-when", "containerd.service\n");
    bench.write("report", onNode("/opt/sextant/report"));
    bench.command("timedatectl", "echo yes").command("getent", `echo '${BOOTSTRAPPER}'`).command("systemctl", "echo active");
  });
  const ready = (patience = 600, given = context()): Promise<{ status: number | null; output: string }> =>
    bench.run(shell, `SEXTANT_PATIENCE=${patience}\n${onNode("/opt/sextant/ready", given).replace("/run/systemd/timesync", "/nowhere")}`);

  test("reports at once when nothing is missing", async () => {
    expect(await ready()).toMatchObject({ status: 0 });
    expect(reports()).toEqual(["phase=ready"]);
  });

  test.each([
    ["the clock", "timedatectl", "echo yes", "echo no", "the clock is not synchronised with 10.0.0.1"],
    ["the name", "getent", `echo '${BOOTSTRAPPER}'`, "exit 2", "bootstrapper.cluster.example does not resolve to 10.0.0.1"],
    [
      "a neighbour's address",
      "getent",
      `echo '${BOOTSTRAPPER}'`,
      "echo '110.0.0.1  STREAM x'",
      "bootstrapper.cluster.example does not resolve to 10.0.0.1",
    ],
    ["a unit", "systemctl", "echo active", "echo activating; exit 3", "containerd.service is activating"],
    ["a missing unit", "systemctl", "echo active", "exit 4", "containerd.service is unknown"],
  ])("waits for %s and says so on the console", async (_, command, right, wrong, says) => {
    bench.command(command, from(3, right, wrong));
    const { status, output } = await ready();
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining(`sextant: waits: ${says}`) });
    expect(reports()).toEqual(["phase=ready"]);
  });

  test("reports exactly what is missing once its patience ends, and ready when it is cured", async () => {
    bench.command("systemctl", from(4, "echo active", "echo failed; exit 3")).command("timedatectl", from(2, "echo yes", "echo no"));
    expect(await ready(0)).toMatchObject({ status: 0 });
    expect(reports()).toEqual([
      "phase=failed&reason=not ready 0 s after its boot: the clock is not synchronised with 10.0.0.1; containerd.service is failed",
      "phase=ready",
    ]);
  });

  test("keeps telling that it is ready until it is heard", async () => {
    let asked = 0;
    server.trouble = (_, response) => {
      if (asked++ > 1) return false;
      response.destroy();
      return true;
    };
    expect(await ready()).toMatchObject({ status: 0 });
    expect(reports()).toEqual(["phase=ready", "phase=ready", "phase=ready"]);
  });

  test("asks for no clock and no name where the site has its own", async () => {
    bench.command("timedatectl", "echo no").command("getent", "exit 2");
    const one = machine();
    const { network } = cluster([one]);
    expect(await ready(600, context({}, { network: { ...network, ntp: false, dhcp: "proxy" } }))).toMatchObject({ status: 0 });
  });
});
