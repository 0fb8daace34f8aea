/** A real etcd is brought back: snapshot through our gateway, fetched by the node's own script through our server, restored, started, and joined by another. */
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { hashOf } from "../../../bootstrapper/http/request/tokens.ts";
import { EtcdGateway } from "../../../bootstrapper/kubernetes/etcd-gateway.ts";
import { type Snapshot, Snapshots } from "../../../bootstrapper/kubernetes/etcd-snapshots.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { orders } from "../../../templates/kubernetes/orders/orders.ts";
import { type ClusterPki, clusterPki } from "../../support/cluster-pki.ts";
import { freePort } from "../../support/free-port.ts";
import { end } from "../../support/namespaces.ts";
import { etcdTls, writeEtcdFiles } from "../../support/real-etcd.ts";
import { context } from "../../templates/sample.ts";
import { type Rig, startRig } from "../http/rig.ts";
import { CP1 } from "../http/small-world.ts";

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const TOKEN = "c".repeat(64);
const HERE = "127.0.0.31";
const THERE = "127.0.0.32";
const IMAGE = "registry.example/etcd:3.4.13-0";
/** Runs what would run in the image, and ends what would end in a container: the etcd whose pid lies there. */
const CTR = `#!/bin/sh
shift 2
case "$1 $2" in
  "tasks ls") if kill -0 "$(cat "$SEXTANT_ROOT/pid")" 2>/dev/null; then echo "id-1 1 RUNNING"; fi ;;
  "containers ls") case $4 in *==etcd,*) echo id-1 ;; esac ;;
  "tasks kill") kill "$(cat "$SEXTANT_ROOT/pid")" ;;
  "run --rm") while [ "$1" != ${IMAGE} ]; do shift; done; shift 2; export ETCDCTL_API=3; exec "$@" ;;
esac
`;

let folder: string;
let pki: ClusterPki;
let rig: Rig;
let etcd: EtcdGateway;
let snapshots: Snapshots;
let taken: Snapshot;
let port: number;
let peers: number;
const running: ChildProcess[] = [];
const file = (name: string): string => join(folder, name);
const peer = (address: string): string => `https://${address}:${peers}`;

const etcdctl = (address: string, ...words: string[]): string => {
  const tls = [`--cacert=${file("ca.crt")}`, `--cert=${file("client.crt")}`, `--key=${file("client.key")}`];
  return execFileSync("etcdctl", [`--endpoints=https://${address}:${port}`, ...tls, "--command-timeout=30s", ...words], {
    env: { ...process.env, ETCDCTL_API: "3" },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
};
const flags = (name: string, address: string, data: string): readonly string[] => [
  `--name=${name}`,
  `--data-dir=${data}`,
  `--listen-client-urls=https://${address}:${port}`,
  `--advertise-client-urls=https://${address}:${port}`,
  `--listen-peer-urls=${peer(address)}`,
  `--initial-advertise-peer-urls=${peer(address)}`,
];
function start(name: string, address: string, data: string, cluster: readonly string[]): void {
  const child = spawn("etcd", [...flags(name, address, data), ...etcdTls(folder), ...cluster, "--logger=zap", "--log-outputs=stderr"], {
    stdio: "ignore",
  });
  running.push(child);
  if (address === HERE) writeFileSync(file("pid"), String(child.pid));
}
const led = (address: string): Promise<void> =>
  expect
    .poll(
      () =>
        etcd.status(address).then(
          (status) => status.led,
          () => false,
        ),
      { timeout: 120_000, interval: 250 },
    )
    .toBe(true);

/** The script as the node has it. Never waited for synchronously: our own server answers it. */
function part(...words: string[]): Promise<{ readonly stdout: string }> {
  const here = { ...context({ name: "cp-1", roles: ["control-plane"] }) };
  const server = { ...here.server, https: `https://127.0.0.1:${rig.httpsPort}` };
  const { content } = orders({ ...here, server }).files!.find(({ path }) => path === "/opt/sextant/restore")!;
  writeFileSync(file("restore.sh"), "text" in content ? content.text : "");
  const env = { ...process.env, SEXTANT_ROOT: folder, SEXTANT_PATH: `${file("commands")}:${process.env["PATH"]}` };
  return promisify(execFile)("dash", [file("restore.sh"), ...words], { env });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sextant-restore-"));
  for (const name of ["commands", "etc/sextant", "etc/kubernetes/manifests", "var/lib"]) mkdirSync(file(name), { recursive: true });
  // A member asks its peers from the loopback's own address, and etcd holds that against the certificate.
  pki = clusterPki(`IP:${HERE},IP:${THERE},IP:127.0.0.1`);
  writeEtcdFiles(folder, pki);
  port = await freePort(HERE);
  peers = await freePort(HERE);
  rig = await startRig();
  rig.world.holders.set(ipv4("127.0.0.1"), CP1);
  rig.world.put(CP1, { phase: "ready", reportTokenHash: hashOf(TOKEN) });
  writeFileSync(file("etc/sextant/report-token"), TOKEN);
  writeFileSync(file("etc/sextant/ca.pem"), rig.ca);
  writeFileSync(file("commands/ctr"), CTR);
  writeFileSync(file("commands/systemctl"), "#!/bin/sh\n");
  for (const name of ["ctr", "systemctl"]) chmodSync(file(`commands/${name}`), 0o755);
  const spelled = flags("cp-1", HERE, "/var/lib/etcd").map((flag) => `    - ${flag}\n`);
  writeFileSync(
    file("etc/kubernetes/manifests/etcd.yaml"),
    `spec:\n  containers:\n  - command:\n    - etcd\n${spelled.join("")}    image: ${IMAGE}\n`,
  );
  etcd = new EtcdGateway({ credentials: { ca: pki.ca.cert, ...pki.admin }, port, patience: 10_000 });
  snapshots = new Snapshots(file("snapshots"));
  rig.world.operations.snapshotFor = async () => snapshots.read(taken.name);
});
afterAll(async () => {
  etcd.close();
  await Promise.all(running.map((child) => end(child)));
  await rig.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("what was is there again, what came after is not, and a second member comes in", async () => {
  start("cp-1", HERE, file("var/lib/etcd"), [`--initial-cluster=cp-1=${peer(HERE)}`, "--initial-cluster-token=before"]);
  await led(HERE);
  etcdctl(HERE, "put", "/registry/colour", "red");
  taken = await snapshots.take(etcd.snapshot(HERE, new AbortController().signal), Date.UTC(2026, 10, 21, 18));
  etcdctl(HERE, "put", "/registry/colour", "blue");
  etcdctl(HERE, "put", "/registry/later", "yes");

  await part("prepare", "a1.2", taken.sha256);
  expect(etcdctl(HERE, "get", "/registry/colour", "--print-value-only").trim()).toBe("blue");
  await part("restore", "a1.4", taken.sha256);
  await expect.poll(() => running[0]!.exitCode ?? running[0]!.signalCode, { timeout: 60_000 }).not.toBeNull();
  expect(readdirSync(file("etc/kubernetes/manifests"))).toEqual(["etcd.yaml"]);

  // With the words of its manifest, which still names members that are gone: data that is there goes before them.
  const gone = [`--initial-cluster=cp-1=${peer(HERE)},cp-2=${peer(THERE)}`, "--initial-cluster-state=existing"];
  start("cp-1", HERE, file("var/lib/etcd"), gone);
  await led(HERE);
  expect(etcdctl(HERE, "get", "/registry/", "--prefix", "--print-value-only").trim()).toBe("red");
  expect((await etcd.members(HERE)).map(({ name, peers: urls }) => [name, urls])).toEqual([["cp-1", [peer(HERE)]]]);
  expect(readdirSync(file("var/lib")).filter((name) => name.startsWith("etcd.before-restore-"))).toHaveLength(1);

  const added = (): string => {
    try {
      return etcdctl(HERE, "member", "add", "cp-2", `--peer-urls=${peer(THERE)}`);
    } catch (error) {
      return (error as Error).message;
    }
  };
  await expect.poll(added, { timeout: 60_000, interval: 500 }).toContain("ETCD_INITIAL_CLUSTER");
  start("cp-2", THERE, file("second"), gone);
  await led(THERE);
  expect(etcdctl(THERE, "get", "/registry/colour", "--print-value-only").trim()).toBe("red");
  await expect.poll(async () => (await etcd.members(HERE)).map(({ name }) => name).sort(), { timeout: 60_000 }).toEqual(["cp-1", "cp-2"]);
});
