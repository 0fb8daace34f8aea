/** The script of /setup-kubectl in real shells against the real server: what an operator gets with it, and what nobody gets without a token. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ipv4 } from "../../../../cluster/address.ts";
import { setupKubectl } from "../../../../templates/kubernetes/setup-kubectl/setup-kubectl.ts";
import { Bench, type Ran, SHELLS, type Shell } from "../../../templates/boot/shells.ts";
import { shellcheck } from "../../../templates/judges.ts";
import { cluster as sample } from "../../../templates/sample.ts";
import { type Rig, startRig } from "../rig.ts";
import { API_TOKEN } from "../small-world.ts";

const KUBECTL = '#!/bin/sh\necho "kubectl $*"\n';
const OURS = arch() === "arm64" ? "arm64" : "amd64";
const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

let rig: Rig;
let bench: Bench;
beforeEach(async () => {
  rig = await startRig();
  bench = new Bench().command("getent", "exit 2"); // nobody's DNS is asked
  const place = join(rig.statics, `kubernetes/1.36.2/${OURS}/kubectl`);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(place, KUBECTL);
  rig.world.script = scriptFor(hash(KUBECTL));
});
afterEach(async () => {
  bench.clear();
  await rig.stop();
});

const { kubernetes } = sample([]);
const scriptFor = (sha256: string): string => {
  const server = { address: ipv4("127.0.0.1"), http: "", https: `https://127.0.0.1:${rig.httpsPort}`, ca: rig.ca };
  const cluster = { ...sample([]), name: "demo", domain: "nowhere.invalid", kubernetes: { ...kubernetes, version: "1.36.2" } };
  return setupKubectl(cluster, server, (path) => (path.includes(`/${OURS}/`) ? sha256 : undefined))!;
};
const inside = (path: string): string => join(bench.folder, path);
const read = (path: string): string => readFileSync(inside(path), "utf8");

/** Fetched and piped, as an operator does. */
async function setUp(shell: Shell, { token = API_TOKEN } = {}): Promise<Ran> {
  bench.write("ca.pem", rig.ca);
  bench.write("token", `${token}\n`);
  const fetch = `curl --silent --cacert "$LAB/ca.pem" https://127.0.0.1:${rig.httpsPort}/setup-kubectl`;
  const words = SHELLS[shell].join(" ");
  return bench.run(
    "bash",
    `export HOME="$LAB/home"; mkdir -p "$HOME"; ${fetch} | SEXTANT_TOKEN_FILE="$LAB/token" SEXTANT_BIN="$LAB/bin" PATH="$LAB/commands:$PATH" ${words}`,
  );
}

describe.each(Object.keys(SHELLS) as Shell[])("in %s", (shell) => {
  test("kubectl is installed and its kubeconfig is the operator's alone", async () => {
    const ran = await setUp(shell);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.output).toContain(`kubectl --kubeconfig ${inside("home/.kube/config")} get nodes`);
    expect(read("bin/kubectl")).toBe(KUBECTL);
    expect(read("home/.kube/config")).toContain("by: address"); // the API's name is not known here
    expect([statSync(inside("bin/kubectl")).mode & 0o777, statSync(inside("home/.kube/config")).mode & 0o777]).toEqual([0o755, 0o600]);
    expect(rig.world.lines()).toContain("the administrator's kubeconfig to the operator at 127.0.0.1");
    expect(ran.output).not.toContain(API_TOKEN);
  });

  test("a second time changes nothing", async () => {
    await setUp(shell);
    const before = statSync(inside("bin/kubectl")).ino;
    const ran = await setUp(shell);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.output).toContain("is in");
    expect(statSync(inside("bin/kubectl")).ino).toBe(before);
  });

  test("a wrong token gets no kubeconfig, and is told so", async () => {
    const ran = await setUp(shell, { token: "wrong" });
    expect(ran.status).toBe(1);
    expect(ran.output).toContain("that is not the token");
    expect(existsSync(inside("home/.kube/config"))).toBe(false);
  });

  test("bytes that are not the manifest's are not installed", async () => {
    rig.world.script = scriptFor(hash("another"));
    const ran = await setUp(shell);
    expect(ran.status).toBe(1);
    expect(ran.output).toContain("is not the kubectl of the bsroot");
    expect(existsSync(inside("bin/kubectl"))).toBe(false);
  });

  test("another cluster's kubeconfig stays as it is", async () => {
    mkdirSync(inside("home/.kube"), { recursive: true });
    bench.write("home/.kube/config", "current-context: other\n");
    const ran = await setUp(shell);
    expect(ran).toMatchObject({ status: 0 });
    expect(ran.output).toContain(`export KUBECONFIG=${inside("home/.kube/demo.config")}`);
    expect(read("home/.kube/config")).toBe("current-context: other\n");
    expect(read("home/.kube/demo.config")).toContain("kind: Config");
  });

  test("while there is no cluster, the reason is passed on", async () => {
    rig.world.noKubeconfig = "no API server is ready";
    const ran = await setUp(shell);
    expect(ran.status).toBe(1);
    expect(ran.output).toContain("gives no kubeconfig");
    expect(ran.output).toContain("no API server is ready");
  });
});

test.each(["/setup-kubectl.sh", "/setup-kubectl.bash", "/setup_kubectl.bash"])("%s is the same script", async (path) => {
  const { status, text } = await rig.ask(path);
  expect([status, text]).toEqual([200, rig.world.script]);
});

test("it carries no secret, and shellcheck has no word against it", () => {
  expect(rig.world.script).not.toContain(API_TOKEN);
  expect(rig.world.script).not.toContain("PRIVATE KEY");
  expect(shellcheck(rig.world.script!)).toBe("");
});

test("over plain HTTP there is only a script that says where the real one is", async () => {
  const { status, text } = await rig.ask("/setup-kubectl", { plain: true });
  expect(status).toBe(403);
  expect(text).toMatch(/^#!\/bin\/sh\n/);
  const ran = await bench.run("dash", text);
  expect(ran.status).toBe(1);
  expect(ran.output).toContain(`curl --fail --cacert ca.pem https://127.0.0.1:${rig.httpsPort}/setup-kubectl | sh`);
});

test("without Kubernetes there is none", async () => {
  rig.world.script = undefined;
  expect((await rig.ask("/setup-kubectl")).status).toBe(404);
  expect(setupKubectl({ ...sample([]), kubernetes: { ...kubernetes } }, {} as never, () => "x")).toBeUndefined();
});

test("the kubeconfig is nobody's without the token", async () => {
  expect((await rig.ask("/api/v1/kubeconfig")).status).toBe(401);
  expect((await rig.ask("/api/v1/kubeconfig", { token: "wrong" })).status).toBe(401);
  expect((await rig.ask("/api/v1/kubeconfig", { plain: true, token: API_TOKEN })).status).toBe(403);
});
