import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodePlan } from "../../../templates/registry.ts";
import { beforeEachScript } from "../boot/bench.ts";
import { type Provisioner, TOKEN } from "../boot/provisioner.ts";
import { type Bench, SHELLS, type Shell } from "../boot/shells.ts";
import { cluster, context, machine } from "../sample.ts";
import type { Tls } from "../tls.ts";

const PROGRAM = "the new program\n";
const SUM = createHash("sha256").update(PROGRAM).digest("hex");

let tls: Tls;
let server: Provisioner;
let bench: Bench;
/** What the bootstrapper says each time it is asked for an order. */
let order: string;

beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  server.image = new TextEncoder().encode(PROGRAM);
  server.trouble = (line, response) => {
    if (!line.startsWith("POST /kubernetes/")) return false;
    const [, status] = /^HTTP (\d+)/.exec(order) ?? [];
    response.writeHead(Number(status ?? 200)).end(line.includes("state=serves") ? order : "noted\n");
    return true;
  };
  for (const folder of ["etc/sextant", "opt/bin", "opt/sextant/programs"]) mkdirSync(`${bench.folder}/${folder}`, { recursive: true });
  bench.write("etc/sextant/report-token", TOKEN);
  bench.write("etc/sextant/ca.pem", tls.ca);
  bench.write("opt/bin/kubelet", "the old program\n");
  bench.write("opt/sextant/programs/unpack", 'echo "unpack" >>"$LAB/calls"\n');
  bench.write("opt/sextant/programs/containerd.tar.gz", "the old archive\n");
  bench.command("sleep").command("sync").command("systemctl").command("kubeadm", "echo kubeadm is done").command("crictl", "echo pod-1");
});
const described = cluster([machine({ name: "w-1", roles: ["worker"] })], {
  kubernetes: { ...cluster([]).kubernetes, version: "1.36.2", ignoredChecks: ["NumCPU", "Mem"] },
});
const withoutDns = { ...described, kubernetes: { ...described.kubernetes, clusterDns: "none" as const } };
const script = (rack = described): string => {
  const plan = nodePlan({ ...context({ name: "w-1", roles: ["worker"] }), cluster: rack, server: server.endpoints(tls.ca) });
  expect(plan.units.map(({ name }) => name)).toContain("sextant-orders.service");
  const { content } = plan.files.find(({ path }) => path === "/opt/sextant/orders")!;
  if (!("text" in content)) throw new Error("is no text");
  return `SEXTANT_ROOT=${bench.folder}\nSEXTANT_ONCE=yes\nSEXTANT_PATH=${bench.folder}/commands:$PATH\n${content.text}`;
};
const upgrade = (id = "a1.3.0", more: { kind?: string; files?: readonly string[]; sum?: string } = {}): string => {
  const { https } = server.endpoints(tls.ca);
  const { kind = "apply", files = ["kubeadm", "kubelet", "kubectl", "containerd.tar.gz"], sum = SUM } = more;
  return [
    `do=upgrade`,
    `order=${id}`,
    "release=1.37.1",
    `kind=${kind}`,
    ...files.map((name) => `file=${name} ${sum} ${https}/static/${name}`),
    "",
  ].join("\n");
};
const told = (): readonly string[] =>
  server
    .lines()
    .filter((line) => line.startsWith("POST"))
    .map((line) => decodeURIComponent(line.replaceAll("+", " ")).replace(/^POST \S+ /, ""));
const calls = (name: string): readonly string[] =>
  (existsSync(`${bench.folder}/calls`) ? bench.calls() : []).filter((line) => line.startsWith(name));
const last = (): string => bench.read("etc/sextant/order").toString();

describe.each(Object.keys(SHELLS) as Shell[])("a node's orders in %s", (shell) => {
  const run = () => bench.run(shell, script());

  test("are nothing for as long as there is nothing to do", async () => {
    order = "do=nothing\n";
    expect(await run()).toMatchObject({ status: 0, output: "" });
    expect(told()).toEqual(["state=serves"]);
    expect(existsSync(`${bench.folder}/etc/sextant/order`)).toBe(false);
  });

  test("an upgrade fetches, checks, runs the new kubeadm, changes the programs and restarts what they are", async () => {
    order = upgrade();
    const { status, output } = await run();
    expect([status, output]).toEqual([0, expect.stringContaining("begins order a1.3.0: upgrade")]);
    expect(calls("kubeadm")).toEqual(["kubeadm upgrade apply v1.37.1 --yes --ignore-preflight-errors=NumCPU,Mem"]);
    expect(bench.read("opt/bin/kubelet").toString()).toBe(PROGRAM);
    expect(bench.read("opt/sextant/programs/containerd.tar.gz").toString()).toBe(PROGRAM);
    expect(bench.calls().filter((call) => /^(unpack|systemctl)/.test(call))).toEqual([
      "unpack",
      "systemctl restart containerd.service",
      "systemctl restart kubelet.service",
      "systemctl is-active --quiet kubelet.service",
    ]);
    expect(told()).toEqual(["state=serves", "state=obeyed&order=a1.3.0"]);
    expect(last()).toBe("a1.3.0 obeyed\n");
    expect(existsSync(`${bench.folder}/opt/sextant/orders.new`)).toBe(false);
    expect(output).not.toContain(TOKEN);
  });

  describe("an upgrade where the cluster is to have no CoreDNS", () => {
    const IGNORED = "--ignore-preflight-errors=CoreDNSMigration,CoreDNSUnsupportedPlugins,ImagePull,NumCPU,Mem";
    const upgrades = () => calls("kubeadm").filter((line) => !line.endsWith("--help"));

    test("is not kept from it by what is said of CoreDNS", async () => {
      order = upgrade();
      await bench.run(shell, script(withoutDns));
      expect(upgrades()).toEqual([`kubeadm upgrade apply v1.37.1 --yes ${IGNORED}`]);
    });

    test.each(["apply", "node"])("of the kind %s leaves it out, where kubeadm can", async (kind) => {
      bench.command("kubeadm", 'case "$*" in *--help) echo "  /coredns         Upgrade the CoreDNS addon" ;; esac');
      order = upgrade("a1.3.0", { kind });
      await bench.run(shell, script(withoutDns));
      expect(upgrades()).toEqual([expect.stringMatching(new RegExp(`^kubeadm upgrade ${kind} .*${IGNORED} --skip-phases=addon/coredns$`))]);
      order = upgrade("a1.4.0", { kind });
      await bench.run(shell, script());
      expect(upgrades().at(-1)).not.toContain("--skip-phases");
    });
  });

  test.each([
    { help: "      --experimental-patches string   Path to a directory", flag: "--experimental-patches" },
    { help: "      --patches string   Path to a directory", flag: "--patches" },
  ])("an upgrade says again what changes the static pods, as $flag", async ({ help, flag }) => {
    bench.command("kubeadm", `case "$*" in *--help) echo "${help}" ;; esac`);
    mkdirSync(`${bench.folder}/etc/kubernetes/sextant/patches`, { recursive: true });
    order = upgrade("a1.3.0", { kind: "node" });
    await run();
    expect(calls("kubeadm").at(-1)).toBe(
      `kubeadm upgrade node --ignore-preflight-errors=NumCPU,Mem ${flag}=${bench.folder}/etc/kubernetes/sextant/patches`,
    );
  });

  test.each([
    { what: "timed out", says: "FATAL: couldn't upgrade control plane: timed out waiting for the condition", tries: 3 },
    { what: "said no", says: "FATAL: the version is not supported", tries: 1 },
  ])("an upgrade whose kubeadm $what is tried $tries times, and what it says at last is told", async ({ says, tries }) => {
    bench.command("kubeadm", `echo "${says}"; exit 1`);
    order = upgrade();
    await run();
    expect(calls("kubeadm")).toHaveLength(tries);
    expect(told().at(-1)).toContain(`state=failed&order=a1.3.0&reason=kubeadm upgrade apply failed: ${says}`);
    expect(bench.read("opt/bin/kubelet").toString()).toBe("the old program\n");
  });

  test("the containers go on running when their runtime stays the same", async () => {
    bench.write("opt/sextant/programs/containerd.tar.gz", PROGRAM);
    order = upgrade("a1.3.0", { kind: "node" });
    await run();
    expect(calls("kubeadm")).toEqual(["kubeadm upgrade node --ignore-preflight-errors=NumCPU,Mem"]);
    expect(calls("systemctl restart")).toEqual(["systemctl restart kubelet.service"]);
  });

  test("are carried out once: an order that comes again is only answered again", async () => {
    order = upgrade();
    await run();
    await run();
    expect(calls("kubeadm")).toHaveLength(1);
    expect(told().filter((line) => line.startsWith("state=obeyed"))).toHaveLength(2);
    order = upgrade("a1.3.1");
    await run();
    expect(calls("kubeadm")).toHaveLength(2);
  });

  test("one that was cut short by a restart is not begun again, and the bootstrapper is told", async () => {
    bench.write("etc/sextant/order", "a1.3.0 begun\n");
    order = upgrade();
    await run();
    expect(calls("kubeadm")).toEqual([]);
    expect(told()[0]).toBe("state=failed&order=a1.3.0&reason=the node was restarted while it carried the order out");
  });

  test.each([
    {
      when: "a program has another hash",
      order: () => upgrade("a1.3.0", { sum: "0".repeat(64) }),
      reason: /kubeadm is not what the order says/,
    },
    {
      when: "a program's name leads elsewhere",
      order: () => upgrade("a1.3.0", { files: ["../kubelet"] }),
      reason: /a program that cannot be/,
    },
    { when: "a program is missing", order: () => upgrade("a1.3.0", { files: ["kubeadm"] }), reason: /brings no kubelet/ },
    { when: "no program is named", order: () => upgrade("a1.3.0", { files: [] }), reason: /names no program/ },
    { when: "it is of an unknown kind", order: () => "do=dance\norder=a1.3.0\n", reason: /does not know such an order/ },
  ])("fail and change nothing when $when", async ({ order: text, reason }) => {
    order = text();
    await run();
    expect(told().at(-1)).toMatch(/^state=failed&order=a1.3.0&reason=/);
    expect(told().at(-1)).toMatch(reason);
    expect(calls("kubeadm")).toEqual([]);
    expect(bench.read("opt/bin/kubelet").toString()).toBe("the old program\n");
  });

  test("tell what kubeadm said when it fails, and leave the old kubelet running", async () => {
    bench.command("kubeadm", 'echo "[upgrade] health checks failed: CoreDNS is not ready"; exit 1');
    order = upgrade();
    expect((await run()).output).toContain("order a1.3.0 failed");
    expect(told().at(-1)).toBe(
      "state=failed&order=a1.3.0&reason=kubeadm upgrade apply failed: [upgrade] health checks failed: CoreDNS is not ready",
    );
    expect(bench.read("opt/bin/kubelet").toString()).toBe("the old program\n");
    expect(calls("systemctl")).toEqual([]);
  });

  test("to be installed again is obeyed aloud before the restart", async () => {
    order = "do=reinstall\norder=a1.5.0\n";
    await run();
    expect(told().slice(0, 2)).toEqual(["state=serves", "state=obeyed&order=a1.5.0"]);
    expect(calls("systemctl")).toEqual(["systemctl reboot"]);
  });

  test("to be installed again, unheard before a restart, restarts once more", async () => {
    bench.write("etc/sextant/order", "a1.5.0 obeyed\n");
    order = "do=reinstall\norder=a1.5.0\n";
    await run();
    expect(calls("systemctl")).toEqual(["systemctl reboot"]);
  });

  test("to leave stops the kubelet and every container", async () => {
    order = "do=leave\norder=a1.4.0\n";
    await run();
    expect(bench.calls().filter((call) => /^(systemctl|crictl)/.test(call))).toEqual([
      "systemctl disable --now kubelet.service",
      "crictl pods --quiet",
      "crictl stopp pod-1",
      "systemctl disable --now containerd.service",
    ]);
    expect(last()).toBe("a1.4.0 obeyed\n");
  });

  test("are waited for while the bootstrapper refuses or has no words", async () => {
    for (const one of ["HTTP 403 forbidden\n", "HTTP 503 busy\n", "\n", "do=upgrade\n"]) {
      order = one;
      expect((await run()).status).toBe(0);
    }
    rmSync(`${bench.folder}/calls`, { force: true });
    expect(calls("kubeadm")).toEqual([]);
  });
});
