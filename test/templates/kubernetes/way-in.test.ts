import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodePlan } from "../../../templates/registry.ts";
import { beforeEachScript } from "../boot/bench.ts";
import { type Provisioner, TOKEN } from "../boot/provisioner.ts";
import { type Bench, SHELLS, type Shell } from "../boot/shells.ts";
import { cluster, context, machine } from "../sample.ts";
import type { Tls } from "../tls.ts";
import { TAGS } from "./racks.ts";

const JOIN = "do=join\ntoken=abcdef.0123456789abcdef\nendpoint=10.0.0.12:6443\nca-hash=sha256:00\n";
/** As etcd's JSON gateway writes it. */
const MEMBERS = `{"header":{"member_id":"7"},"members":[{"ID":"42","name":"cp-1","peerURLs":["https://10.0.0.11:2380"]},{"ID":"43","name":"cp-2"}]}`;

let tls: Tls;
let server: Provisioner;
let bench: Bench;
/** What the bootstrapper says each time it is asked; the last one for ever. */
let answers: string[];

beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  server.trouble = (line, response) => {
    const text = line.includes("state=asks") ? (answers.length > 1 ? answers.shift()! : answers[0]!) : "noted\n";
    const [, status] = /^HTTP (\d+)/.exec(text) ?? [];
    response.writeHead(Number(status ?? 200)).end(text);
    return true;
  };
  for (const folder of ["etc/sextant", "etc/kubernetes/sextant/manifests", "etc/kubernetes/pki/etcd"])
    mkdirSync(`${bench.folder}/${folder}`, { recursive: true });
  bench.write("etc/sextant/report-token", TOKEN);
  bench.write("etc/sextant/ca.pem", tls.ca);
  bench.write("etc/kubernetes/sextant/found.yaml", "address: @ADDRESS@\n");
  bench.write("etc/kubernetes/sextant/join.yaml", "@ADDRESS@ @TOKEN@ @ENDPOINT@ @CA_HASH@\n");
  bench.write("etc/kubernetes/sextant/manifests/kube-vip.yaml", "kind: Pod\n");
  bench.write("etc/kubernetes/pki/ca.crt", "the cluster's\n");
  etcd(`echo '${MEMBERS}'`);
  bench.command("sleep", "exec /bin/sleep 0.01").command("timedatectl", "echo yes").command("swapoff").command("systemctl");
  bench.command("ip", "echo '10.0.0.1 dev eth0 src 10.0.0.11 uid 0'");
  bench.command(
    "kubeadm",
    'case "$*" in *--config*) for last; do :; done; cat "$last" >>"$LAB/configured" ;; esac; echo "kubeadm: $1 is done"',
  );
});
/** What the etcd beside the other API server answers; everything else goes where it is addressed. */
const etcd = (members: string): Bench =>
  bench.command(
    "curl",
    `case "$*" in *member/list*) ${members} ;; *member/remove*) : ;; *) exec $(PATH=\${PATH#*:} command -v curl) "$@" ;; esac`,
  );

const script = (roles: ["control-plane"] | ["worker"], version = "1.36.2"): string => {
  const machines = [machine({ name: "cp-1", roles })];
  const seen = { ...described, kubernetes: { ...described.kubernetes, version, tags: { [version]: TAGS } } };
  const plan = nodePlan({ ...context({ name: "cp-1", roles }, { machines }), cluster: seen, server: server.endpoints(tls.ca) });
  const { content } = plan.files.find(({ path }) => path === "/opt/sextant/kubernetes")!;
  if (!("text" in content)) throw new Error("is no text");
  return `SEXTANT_ROOT=${bench.folder}\nSEXTANT_PATH=${bench.folder}/commands:$PATH\n${content.text}`;
};
const described = cluster([machine({ name: "cp-1", roles: ["control-plane"] })]);
const words = (): readonly string[] =>
  server.lines().map((line) => decodeURIComponent(line.replaceAll("+", " ")).replace(/^POST \S+ /, ""));
/** Without what it says while it is at it, as often as there is time for. */
const told = (): readonly string[] => words().filter((word) => word !== "state=founding");
const calls = (name: string): readonly string[] => bench.calls().filter((line) => line.startsWith(`${name} `));
const inside = (path: string): boolean => existsSync(`${bench.folder}/${path}`);

describe.each(Object.keys(SHELLS) as Shell[])("the way into the cluster in %s", (shell) => {
  const run = (roles: ["control-plane"] | ["worker"] = ["control-plane"], version?: string) => bench.run(shell, script(roles, version));

  test("is founding it when the bootstrapper says so, with this node's address in kubeadm's configuration, and telling it", async () => {
    answers = ["do=found\n"];
    expect(await run()).toMatchObject({ status: 0 });
    expect(calls("kubeadm")).toEqual([expect.stringMatching(/^kubeadm init --config \S+found\.yaml/)]);
    expect(bench.read("configured").toString()).toBe("address: 10.0.0.11\n");
    expect(told()).toEqual(["state=asks", "state=founded"]);
    expect(inside("etc/kubernetes/sextant/member")).toBe(true);
    expect(inside("etc/kubernetes/manifests/kube-vip.yaml")).toBe(true);
    expect(readdirSync(`${bench.folder}/etc/kubernetes/sextant`)).not.toContain("begun");
  });

  test("tells that it is at it as long as it founds, and stops when it has", async () => {
    answers = ["do=found\n"];
    bench.command("kubeadm", "/bin/sleep 1");
    const { status, output } = await run();
    expect(status).toBe(0);
    expect(words().filter((word) => word === "state=founding").length).toBeGreaterThan(1);
    expect(told().at(-1)).toBe("state=founded");
    expect(output).not.toMatch(/terminated/i);
  });

  test("is waiting as long as it is told to, then joining with the token it is given", async () => {
    answers = ["do=wait\nbecause=the cluster is being founded by cp-2\n", "do=wait\nbecause=the cluster is being founded by cp-2\n", JOIN];
    const { status, output } = await run(["worker"]);
    expect(status).toBe(0);
    expect(output.match(/being founded by cp-2/g)).toHaveLength(1);
    expect(bench.read("configured").toString()).toBe("10.0.0.11 abcdef.0123456789abcdef 10.0.0.12:6443 sha256:00\n");
    expect(told()).toEqual(["state=asks", "state=asks", "state=asks", "state=joined"]);
    expect(inside("run/sextant/join.yaml")).toBe(false);
  });

  test("takes the member of etcd that this machine was before out of it, and no other", async () => {
    answers = [JOIN];
    expect(await run()).toMatchObject({ status: 0 });
    const removed = calls("curl").filter((call) => call.includes("member/remove"));
    expect(removed).toEqual([expect.stringContaining('{"ID": "42"} https://10.0.0.12:2379/')]);
  });

  test("does not join while etcd cannot be asked who is in it", async () => {
    answers = [JOIN, JOIN, "do=found\n"];
    etcd("exit 7");
    expect(await run()).toMatchObject({ status: 0, output: expect.stringContaining("etcd at 10.0.0.12 does not let go") });
    expect(calls("kubeadm").filter((call) => call.startsWith("kubeadm join"))).toEqual([]);
  });

  test("begins anew after an attempt that failed, tells why, and keeps what the bootstrapper gave", async () => {
    answers = ["do=found\n"];
    bench.command(
      "kubeadm",
      `case $1 in init) n=$(($(cat "$LAB/n" 2>/dev/null || echo 0) + 1)); echo $n >"$LAB/n"; [ $n -ge 2 ] || { : >"$LAB/etc/kubernetes/pki/apiserver.crt"; echo "error: etcd timed out"; exit 1; } ;; esac`,
    );
    const { status, output } = await run();
    expect(status).toBe(0);
    expect(told()).toEqual([
      "state=asks",
      "state=failed&reason=founding the cluster failed: error: etcd timed out",
      "state=asks",
      "state=founded",
    ]);
    expect(calls("kubeadm").map((call) => call.split(" ")[1])).toEqual(["init", "reset", "init"]);
    expect(calls("systemctl")).toEqual(["systemctl stop kubelet.service kubepods.slice"]);
    expect(inside("etc/kubernetes/pki/apiserver.crt")).toBe(false);
    expect(inside("etc/kubernetes/pki/ca.crt")).toBe(true);
    expect(output).toContain("etcd timed out");
  });

  test.each([
    { version: "1.18.20", said: "" },
    { version: "1.20.2", said: " --experimental-patches=/etc/kubernetes/sextant/patches" },
    { version: "1.28.15", said: "" },
  ])("tells kubeadm $version what its configuration has no word for", async ({ version, said }) => {
    for (const [answer, word] of [
      ["do=found\n", "init"],
      [JOIN, "join"],
    ] as const) {
      answers = [answer];
      expect(await run(["control-plane"], version)).toMatchObject({ status: 0 });
      expect(calls("kubeadm").at(-1)).toMatch(new RegExp(`^kubeadm ${word} --config \\S+\\.yaml${said}$`));
    }
    answers = [JOIN];
    await run(["worker"], version);
    expect(calls("kubeadm").at(-1)).toMatch(/^kubeadm join --config \S+$/);
  });

  test("keeps a member that etcd counts on running until etcd has let go of it, and only then clears the attempt away", async () => {
    answers = ["do=wait\nbecause=no API is ready\n", JOIN, JOIN];
    bench.write("etc/kubernetes/sextant/begun", "join\n");
    mkdirSync(`${bench.folder}/var/lib/etcd/member`, { recursive: true });
    etcd(`n=$(($(cat "$LAB/n" 2>/dev/null || echo 0) + 1)); echo $n >"$LAB/n"; [ $n -ge 2 ] || exit 7; echo '${MEMBERS}'`);
    expect(await run()).toMatchObject({ status: 0 });
    const done = bench.calls().flatMap((call) => /^kubeadm (?:reset|join)|^systemctl stop|member\/(?:list|remove)/.exec(call) ?? []);
    expect(done).toEqual(["member/list", "member/list", "member/remove", "kubeadm reset", "systemctl stop", "kubeadm join"]);
    expect(inside("var/lib/etcd/member")).toBe(false);
  });

  test.each([
    { left: "update-status", phases: ["update-status", "update-status", "update-status", "mark-control-plane"] },
    { left: "mark-control-plane", phases: ["mark-control-plane", "mark-control-plane", "mark-control-plane"] },
  ])("says again what is left to say to a slow API, instead of clearing away a member: $left", async ({ left, phases }) => {
    answers = [JOIN];
    bench.command(
      "kubeadm",
      `case "$*" in
        "join --config"*) echo "error execution phase control-plane-join/${left}: error uploading: context deadline exceeded" >&2; exit 1 ;;
        "join phase"*) n=$(($(cat "$LAB/n" 2>/dev/null || echo 0) + 1)); echo $n >"$LAB/n"; [ $n -gt 2 ] || { echo "error execution phase ${left}: slow"; exit 1; } ;;
      esac`,
    );
    expect(await run()).toMatchObject({ status: 0 });
    const said = calls("kubeadm").flatMap(
      (call) => /^kubeadm join phase control-plane-join (\S+) --config \S+join\.yaml$/.exec(call)?.[1] ?? [],
    );
    expect(said).toEqual(phases);
    expect(told()).toEqual(["state=asks", "state=joined"]);
    expect(calls("kubeadm").filter((call) => call.startsWith("kubeadm reset"))).toEqual([]);
  });

  test("clears the attempt away when what is left cannot be said for ten minutes, and when something else failed", async () => {
    answers = [JOIN, JOIN];
    bench.command(
      "kubeadm",
      `case "$*" in
        "join --config"*) n=$(($(cat "$LAB/n" 2>/dev/null || echo 0) + 1)); echo $n >"$LAB/n"; [ $n -ge 2 ] || { echo "error execution phase control-plane-join/update-status: slow"; exit 1; } ;;
        "join phase"*) echo "error execution phase update-status: slow"; exit 1 ;;
      esac`,
    );
    expect(await run()).toMatchObject({ status: 0 });
    expect(calls("kubeadm").filter((call) => call.includes("join phase"))).toHaveLength(40);
    expect(told()).toEqual([
      "state=asks",
      expect.stringContaining("state=failed&reason=joining the cluster failed"),
      "state=asks",
      "state=joined",
    ]);
    expect(calls("kubeadm").filter((call) => call.startsWith("kubeadm reset"))).toHaveLength(1);
  });

  test("gives up such a member at once when it is to found the cluster anew", async () => {
    answers = ["do=found\n"];
    bench.write("etc/kubernetes/sextant/begun", "join\n");
    mkdirSync(`${bench.folder}/var/lib/etcd/member`, { recursive: true });
    expect(await run()).toMatchObject({ status: 0 });
    expect(calls("kubeadm").map((call) => call.split(" ")[1])).toEqual(["reset", "init"]);
  });

  test("clears away what a power cut left before it asks", async () => {
    answers = [JOIN];
    bench.write("etc/kubernetes/sextant/begun", "");
    expect(await run(["worker"])).toMatchObject({ status: 0 });
    expect(calls("kubeadm").map((call) => call.split(" ")[1])).toEqual(["reset", "join"]);
  });

  test("after a power cut between founding and telling only tells, and wipes nothing", async () => {
    answers = ["do=wait\nbecause=somebody else\n"];
    for (const mark of ["begun", "founded"]) bench.write(`etc/kubernetes/sextant/${mark}`, "");
    expect(await run()).toMatchObject({ status: 0 });
    expect(told()).toEqual(["state=founded"]);
    expect(bench.calls().filter((call) => call.startsWith("kubeadm"))).toEqual([]);
  });

  test("gives its own cluster up when somebody else was told to found one", async () => {
    answers = ["do=found\n", JOIN];
    const usual = server.trouble;
    server.trouble = (line, response, request) => {
      if (!line.includes("state=founded")) return usual(line, response, request);
      response.writeHead(409).end("cp-2 founded it meanwhile\n");
      return true;
    };
    expect(await run()).toMatchObject({ status: 0 });
    expect(calls("kubeadm").map((call) => call.split(" ").slice(1, 3).join(" "))).toEqual([
      "init --config",
      "reset --force",
      "init phase",
      "join --config",
    ]);
  });

  test("asks again while the bootstrapper refuses, and never shows its token", async () => {
    answers = ["HTTP 403 forbidden\n", "HTTP 503 busy\n", "do=found\n"];
    const { status, output } = await run();
    expect(status).toBe(0);
    expect(output).not.toContain(TOKEN);
    expect(output).toContain("403");
  });
});
