/** A node's part in bringing etcd's data back to a snapshot, in every shell, with etcd's programs and containerd played. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Cluster } from "../../../cluster/cluster.ts";
import { nodePlan } from "../../../templates/registry.ts";
import { beforeEachScript } from "../boot/bench.ts";
import { type Provisioner, TOKEN } from "../boot/provisioner.ts";
import { type Bench, type Ran, SHELLS, type Shell } from "../boot/shells.ts";
import { shellcheck } from "../judges.ts";
import type { Tls } from "../tls.ts";
import { RELEASES, rack, seenBy } from "./racks.ts";

const SNAPSHOT = "what etcd held at six\n";
const SUM = createHash("sha256").update(SNAPSHOT).digest("hex");
const IMAGE = "registry.k8s.io/etcd:3.6.6-0";
const PLANE = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-vip"];
const MANIFEST = `apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - etcd
    - --data-dir=/var/lib/etcd
    - --initial-advertise-peer-urls=https://10.0.0.11:2380
    - --initial-cluster=cp-1=https://10.0.0.11:2380,cp-2=https://10.0.0.12:2380
    - --name=cp-1
    image: ${IMAGE}
    imagePullPolicy: IfNotPresent
`;
/** As containerd lists and ends tasks, and runs one program of an image. */
const CTR = `shift 2
case "$1 $2" in
  "tasks ls") echo "TASK PID STATUS"; cat "$LAB/tasks" ;;
  "containers ls") name=\${4#*==}; sed -n "s/^\${name%%,*} //p" "$LAB/containers" ;;
  "tasks kill") if [ "$5" != "$(cat "$LAB/deaf" 2>/dev/null)" ]; then sed -i "/^$6 /d" "$LAB/tasks"; fi ;;
  "run --rm") while [ "$1" != ${IMAGE} ]; do shift; done; shift 2; PATH=$LAB/commands:$PATH; exec "$@" ;;
  *) exit 1 ;;
esac`;
const RESTORES = `case "$*" in *--help*) echo "  --bump-revision uint"; exit 0 ;; esac
for word; do case $word in --data-dir=*) mkdir -p "\${word#*=}/member"; cp "$3" "\${word#*=}/member/db" ;; esac; done`;

let tls: Tls;
let server: Provisioner;
let bench: Bench;

beforeEachScript((laid) => {
  ({ tls, server, bench } = laid);
  server.trouble = (line, response, request) => {
    if (!line.startsWith("GET /kubernetes/")) return false;
    const known = request.url?.endsWith("/snapshot") && request.headers.authorization === `Bearer ${TOKEN}`;
    response.writeHead(known ? 200 : 403).end(known ? SNAPSHOT : "refused: it has no such order\n");
    return true;
  };
  for (const folder of ["etc/sextant", "etc/kubernetes/manifests", "var/lib/etcd/member"])
    mkdirSync(`${bench.folder}/${folder}`, { recursive: true });
  bench.write("etc/sextant/report-token", TOKEN);
  bench.write("etc/sextant/ca.pem", tls.ca);
  bench.write("var/lib/etcd/member/db", "what etcd holds now\n");
  for (const name of PLANE) bench.write(`etc/kubernetes/manifests/${name}.yaml`, name === "etcd" ? MANIFEST : "kind: Pod\n");
  bench.write("containers", PLANE.map((name) => `${name} id-${name}\n`).join(""));
  bench.write("tasks", `${PLANE.map((name) => `id-${name} 41 RUNNING\n`).join("")}id-of-a-guest 42 RUNNING\n`);
  bench.command("sleep").command("sync").command("systemctl").command("ctr", CTR).command("etcdutl", RESTORES);
});
const described = rack({ planes: 3, etcd: 3 }, { version: RELEASES.v1beta4 });
const scriptOf = (name: string, cluster: Cluster): string => {
  const context = seenBy(name, cluster);
  const { files } = nodePlan({ ...context, server: server.endpoints(tls.ca) });
  const { content } = files.find(({ path }) => path === "/opt/sextant/restore")!;
  if (!("text" in content)) throw new Error("is no text");
  return content.text;
};
const stacked = (): string => scriptOf("cp-1", rack({ planes: 3 }, { version: RELEASES.v1beta4 }));
const calls = (name: string): readonly string[] =>
  (existsSync(`${bench.folder}/calls`) ? bench.calls() : []).filter((line) => line.startsWith(name));
const manifests = (): readonly string[] => readdirSync(`${bench.folder}/etc/kubernetes/manifests`);
const db = (folder = "var/lib/etcd"): string => bench.read(`${folder}/member/db`).toString();
const kept = (folder = "var/lib", name = "etcd"): readonly string[] =>
  readdirSync(`${bench.folder}/${folder}`).filter((one) => one.startsWith(`${name}.before-restore-`));

test("shellcheck has no word against it", () => {
  expect(shellcheck(stacked())).toBe("");
});

describe.each(Object.keys(SHELLS) as Shell[])("a restoration in %s", (shell) => {
  const run = (words: string, script = stacked()): Promise<Ran> =>
    bench.run(shell, `SEXTANT_ROOT=${bench.folder}\nSEXTANT_PATH=${bench.folder}/commands:$PATH\nset -- ${words}\n${script}`);

  test("is prepared beside what runs: fetched over TLS, checked, and made by the program of the image that is there", async () => {
    expect(await run(`prepare a1.2 ${SUM}`)).toMatchObject({ status: 0 });
    expect(server.heard.map(({ line, tls }) => [line, tls])).toEqual([["GET /kubernetes/52-54-00-00-10-01/snapshot", true]]);
    expect(calls("etcdutl").at(-1)).toMatch(
      /^etcdutl snapshot restore .*snapshot\.db --data-dir=.*\/etcd\.restored\/data --name=cp-1 --initial-cluster=cp-1=https:\/\/10\.0\.0\.11:2380 --initial-advertise-peer-urls=https:\/\/10\.0\.0\.11:2380 --initial-cluster-token=restored-\d+ --bump-revision=1000000000 --mark-compacted$/,
    );
    expect([db(), db("var/lib/etcd.restored/data"), manifests().length]).toEqual(["what etcd holds now\n", SNAPSHOT, PLANE.length]);
    expect(existsSync(`${bench.folder}/var/lib/etcd.restored/snapshot.db`)).toBe(false);
    expect(calls("systemctl")).toEqual([]);
    expect(bench.calls().join("\n")).not.toContain(TOKEN);
    await run(`prepare a1.2 ${SUM}`);
    expect(server.heard).toHaveLength(1);
  });

  test("is prepared by etcdctl, and without what it does not know, where there is no etcdutl", async () => {
    bench.command("etcdutl", "exit 127").command("etcdctl", RESTORES.replace("--bump-revision", "--name"));
    expect(await run(`prepare a1.2 ${SUM}`)).toMatchObject({ status: 0 });
    expect(calls("etcdctl").at(-1)).toMatch(/^etcdctl snapshot restore .*--initial-cluster-token=restored-\d+$/);
  });

  test.each([
    { when: "it has another hash", sum: "0".repeat(64), says: "its hash differs" },
    { when: "it is refused", sum: SUM, token: "wrong", says: "refused: it has no such order" },
    { when: "nobody can make data of it", sum: SUM, program: "echo no space left; exit 1", says: "neither etcdutl nor etcdctl" },
  ])("stops nothing when $when", async ({ sum, token, program, says }) => {
    if (token) bench.write("etc/sextant/report-token", token);
    if (program) bench.command("etcdutl", program).command("etcdctl", program);
    const { status, output } = await run(`prepare a1.2 ${sum}`);
    expect([status, output]).toEqual([1, expect.stringContaining(says)]);
    expect([db(), manifests().length, calls("systemctl")]).toEqual(["what etcd holds now\n", PLANE.length, []]);
    expect((await run(`restore a1.4 ${SUM}`)).output).toContain("is not prepared here");
    expect([db(), manifests().length, calls("systemctl")]).toEqual(["what etcd holds now\n", PLANE.length, []]);
  });

  test("stops a control plane and nothing else, and starts it again", async () => {
    expect(await run("stop a1.3")).toMatchObject({ status: 0 });
    expect([manifests(), bench.read("tasks").toString()]).toEqual([[], "id-of-a-guest 42 RUNNING\n"]);
    expect(calls("ctr --namespace k8s.io tasks kill").every((call) => call.includes("SIGTERM"))).toBe(true);
    expect(calls("systemctl")).toEqual(["systemctl stop kubelet.service", "systemctl start kubelet.service"]);
    expect(await run("stop a1.3")).toMatchObject({ status: 0 });
    await run("start a1.9");
    expect(manifests()).toHaveLength(PLANE.length);
    expect(calls("systemctl").at(-1)).toBe("systemctl restart kubelet.service");
  });

  test("kills what does not end by itself, and says what is left then", async () => {
    bench.write("deaf", "SIGTERM");
    expect(await run("stop a1.3")).toMatchObject({ status: 0 });
    expect(bench.read("tasks").toString()).toBe("id-of-a-guest 42 RUNNING\n");
    bench.write("tasks", "id-etcd 41 RUNNING\n");
    bench.command("ctr", CTR.replace(/"tasks kill"\).*/, '"tasks kill") ;;'));
    expect(await run("stop a1.3")).toMatchObject({ status: 1, output: expect.stringContaining("do not end: id-etcd") });
    expect(calls("systemctl").at(-1)).toBe("systemctl start kubelet.service");
  });

  test("touches nothing while containerd does not answer", async () => {
    bench.command("ctr", "exit 1");
    expect(await run("stop a1.3")).toMatchObject({ status: 1, output: expect.stringContaining("containerd does not say") });
    expect([manifests().length, calls("systemctl")]).toEqual([PLANE.length, []]);
  });

  test("puts the data of now aside, the prepared in its place, and starts; once, however often it is told", async () => {
    await run(`prepare a1.2 ${SUM}`);
    expect(await run(`restore a1.4 ${SUM}`)).toMatchObject({
      status: 0,
      output: expect.stringContaining("what etcd held until now is in"),
    });
    expect(db()).toBe(SNAPSHOT);
    expect(kept().map((name) => db(`var/lib/${name}`))).toEqual(["what etcd holds now\n"]);
    expect(manifests()).toHaveLength(PLANE.length);
    bench.write("var/lib/etcd/member/db", "what came after\n");
    expect(await run(`restore a1.4 ${SUM}`)).toMatchObject({ status: 0 });
    expect([db(), kept().length]).toEqual(["what came after\n", 1]);
    // The same snapshot once more is another restoration.
    await run(`prepare a2.2 ${SUM}`);
    await run(`restore a2.4 ${SUM}`);
    expect(db()).toBe(SNAPSHOT);
  });

  test("goes on where it was cut short: stopped, with the data of now aside already", async () => {
    await run(`prepare a1.2 ${SUM}`);
    await run("stop a1.3");
    bench.command("mv", 'case "$*" in *restored*) exit 1 ;; esac; exec /bin/mv "$@"');
    expect((await run(`restore a1.4 ${SUM}`)).status).not.toBe(0);
    expect(manifests()).toEqual([]);
    bench.command("mv", 'exec /bin/mv "$@"');
    expect(await run(`restore a1.4 ${SUM}`)).toMatchObject({ status: 0 });
    expect([db(), kept().length, manifests().length]).toEqual([SNAPSHOT, 1, PLANE.length]);
  });

  test("of an etcd with a machine to itself stops and starts its service, and lets another member join without its data once", async () => {
    const script = scriptOf("etcd-1", described);
    for (const folder of ["opt/sextant", "var/lib/etcd/data/member"]) mkdirSync(`${bench.folder}/${folder}`, { recursive: true });
    const starter = nodePlan(seenBy("etcd-1", described)).files.find(({ path }) => path === "/opt/sextant/etcd")!.content;
    bench.write("opt/sextant/etcd", "text" in starter ? starter.text : "");
    bench.write("var/lib/etcd/fresh", "");
    bench.write("var/lib/etcd/data/member/db", "what etcd holds now\n");
    await bench.run(shell, `rm -rf ${bench.folder}/etc/kubernetes`);
    expect(await run(`prepare a1.2 ${SUM}`, script)).toMatchObject({ status: 0 });
    expect(calls("etcdutl").at(-1)).toMatch(/--name=etcd-1 --initial-cluster=etcd-1=https:\/\/[0-9.]+:2380 /);
    expect(await run(`restore a1.4 ${SUM}`, script)).toMatchObject({ status: 0 });
    expect(calls("systemctl")).toEqual(["systemctl disable --now etcd.service", "systemctl enable --now etcd.service"]);
    expect([db("var/lib/etcd/data"), existsSync(`${bench.folder}/var/lib/etcd/fresh`)]).toEqual([SNAPSHOT, false]);
    expect(await run("rejoin a1.5", script)).toMatchObject({ status: 0 });
    expect([existsSync(`${bench.folder}/var/lib/etcd/data/member`), kept("var/lib/etcd", "data").length > 0]).toEqual([false, true]);
    mkdirSync(`${bench.folder}/var/lib/etcd/data/member`);
    await run("rejoin a1.5", script);
    expect(existsSync(`${bench.folder}/var/lib/etcd/data/member`)).toBe(true);
    expect(calls("ctr")).toEqual([]);
  });

  test("is nothing for a node without etcd, or for words that are none", async () => {
    await bench.run(shell, `rm ${bench.folder}/etc/kubernetes/manifests/etcd.yaml`);
    expect((await run(`prepare a1.2 ${SUM}`)).output).toContain("keeps no member of etcd");
    expect(await run("dance a1.2")).toMatchObject({ status: 1 });
    expect(await run("rejoin a1.2")).toMatchObject({ status: 1 });
  });
});
