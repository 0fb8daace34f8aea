import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ipv4, mac } from "../../../cluster/address.ts";
import type { Kubernetes } from "../../../cluster/cluster.ts";
import { nodePlan } from "../../../templates/registry.ts";
import { Bench, type Ran, SHELLS, type Shell } from "../boot/shells.ts";
import { cluster, context, machine } from "../sample.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.clear());

const { kubernetes } = cluster([]);
const plan = nodePlan({
  ...context({ name: "worker-1", roles: ["worker"] }),
  cluster: cluster([machine({ name: "worker-1" })], { kubernetes: { ...kubernetes, version: "1.36.2", podNetwork: "bridge" } }),
});
function onNode(path: string): string {
  const { content } = plan.files.find((file) => file.path === path)!;
  if (!("text" in content)) throw new Error(`${path} is no text`);
  return content.text;
}
const inside = (path: string): string => `${bench.folder}/${path}`;
const text = (path: string): string => readFileSync(inside(path), "utf8");
const folder = (path: string): void => void mkdirSync(inside(path), { recursive: true });

describe("/etc/hosts", () => {
  const planes = ["11", "12", "13"].map((last) =>
    machine({ mac: mac(`52:54:00:00:00:${last}`), name: `cp-${last}`, address: ipv4(`10.0.0.${last}`), roles: ["control-plane"] }),
  );
  const hostsOf = (index: number, given: Partial<Kubernetes> = {}): string | undefined => {
    const described = cluster(planes, { kubernetes: { ...kubernetes, version: "1.36.2", ...given } });
    const made = nodePlan({ ...context(), cluster: described, machine: planes[index]! });
    const content = made.files.find(({ path }) => path === "/etc/hosts")?.content;
    return content && "text" in content ? content.text : undefined;
  };

  test("has every control plane under the API's name, and on each of them its own address first", () => {
    const lines = (order: readonly string[]) => order.map((last) => `10.0.0.${last} api.cluster.example\n`).join("");
    expect(hostsOf(0)).toContain(lines(["11", "12", "13"]));
    expect(hostsOf(1)).toContain(lines(["12", "11", "13"]));
    expect(hostsOf(1)).toMatch(/^127\.0\.0\.1 localhost\n::1 localhost/);
  });

  test("is the system's own where a virtual address stands for all of them", () => {
    expect(hostsOf(0, { virtualAddress: { address: ipv4("10.0.0.5"), by: "kube-vip", routerId: 51 } })).toBeUndefined();
  });
});

describe.each(Object.keys(SHELLS) as Shell[])("/opt/sextant/programs/unpack in %s", (shell) => {
  const pack = async (containerd: string): Promise<void> => {
    for (const path of ["made/bin", "made/cni", "programs"]) folder(path);
    bench.write("made/bin/containerd", containerd);
    bench.write("made/cni/bridge", "the bridge plugin");
    const made = await bench.run(
      "bash",
      `cd "$LAB/made" && tar -czf ../programs/containerd.tar.gz bin && tar -czf ../programs/cniPlugins.tar.gz -C cni .`,
    );
    expect(made).toMatchObject({ status: 0 });
  };
  const unpack = (): Promise<Ran> =>
    bench.run(
      shell,
      `SEXTANT_PROGRAMS=$LAB/programs SEXTANT_BIN=$LAB/opt/bin SEXTANT_CNI=$LAB/opt/cni\n${onNode("/opt/sextant/programs/unpack")}`,
    );

  test("puts programs and plugins where they are run from", async () => {
    await pack("containerd 2");
    expect(await unpack()).toMatchObject({ status: 0 });
    expect([text("opt/bin/containerd"), text("opt/cni/bridge")]).toEqual(["containerd 2", "the bridge plugin"]);
    expect(statSync(inside("opt/bin/containerd")).mode & 0o777).toBe(0o755);
  });

  test("does so once for each archive, and again when another one lies there", async () => {
    await pack("containerd 2");
    await unpack();
    bench.write("opt/bin/containerd", "touched");
    expect((await unpack()).output).toBe("");
    expect(text("opt/bin/containerd")).toBe("touched");
    await pack("containerd 3");
    expect((await unpack()).output).toContain("unpacked containerd.tar.gz");
    expect(text("opt/bin/containerd")).toBe("containerd 3");
  });

  test("fails on an archive that is damaged, and leaves what was there", async () => {
    await pack("containerd 2");
    await unpack();
    bench.write("programs/containerd.tar.gz", "no archive");
    expect((await unpack()).status).not.toBe(0);
    expect(text("opt/bin/containerd")).toBe("containerd 2");
  });
});

describe.each(Object.keys(SHELLS) as Shell[])("/opt/sextant/pod-network in %s", (shell) => {
  const run = (): Promise<Ran> => bench.run(shell, `SEXTANT_ROOT=$LAB SEXTANT_PATH=$PATH\n${onNode("/opt/sextant/pod-network")}`);

  beforeEach(() => {
    folder("etc/kubernetes");
    bench.write("etc/kubernetes/kubelet.conf", "    server: https://10.0.0.11:6443\n");
    bench.command("nft", 'cat >"$LAB/rules"').command("ip").command("sleep");
    bench.command("curl", 'n=$(cat "$LAB/n" 2>/dev/null || echo 0); echo $((n + 1)) >"$LAB/n"; [ "$n" -ge 2 ] || exit 7');
    bench.command(
      "kubectl",
      'case $1 in get) [ "$2" = nodes ] && printf "%s\\n" "worker-1 10.244.1.0/24 10.0.0.11" "cp-1 10.244.0.0/24 10.0.0.12" "new  10.0.0.13" ;; esac; exit 0',
    );
  });

  test("gives this node's part to the CNI plugin, and makes the others' into routes", async () => {
    expect(await run()).toMatchObject({ status: 0 });
    const config = JSON.parse(text("etc/cni/net.d/10-sextant.conflist"));
    expect(config.plugins[0]).toMatchObject({ type: "bridge", ipam: { ranges: [[{ subnet: "10.244.1.0/24" }]] } });
    expect(bench.calls().filter((call) => call.startsWith("ip "))).toEqual(["ip route replace 10.244.0.0/24 via 10.0.0.12"]);
  });

  test("waits with next to no work until the API answers, and only then asks it", async () => {
    await run();
    const calls = bench.calls().filter((call) => /^(curl|kubectl) /.test(call));
    expect(calls.map((call) => call.split(" ")[0])).toEqual(["curl", "curl", "curl", "kubectl"]);
    expect(calls[0]).toMatch(/ https:\/\/10\.0\.0\.11:6443\/healthz$/);
  });

  test("hides pods behind their node only on the way out of the cluster", async () => {
    await run();
    expect(text("rules")).toContain("ip saddr 10.244.0.0/16 ip daddr != 10.244.0.0/16 masquerade");
  });

  test("leaves a file alone that says the same, because containerd loads it whenever it changes", async () => {
    await run();
    const { ino } = statSync(inside("etc/cni/net.d/10-sextant.conflist"));
    await run();
    expect(statSync(inside("etc/cni/net.d/10-sextant.conflist")).ino).toBe(ino);
    expect(existsSync(inside("etc/cni/net.d/.sextant"))).toBe(false);
  });
});

describe.each(Object.keys(SHELLS) as Shell[])("/etc/sextant/ready.d/kubernetes in %s", (shell) => {
  const run = (): Promise<Ran> => bench.run(shell, `SEXTANT_ROOT=$LAB\n${onNode("/etc/sextant/ready.d/kubernetes")}`);
  const row = (status: string): string => `{"kind":"Table","rows":[{"cells":["worker-1","${status}","worker","5m","v1.36.2"]}]}`;
  const join = (answer: string): void => {
    bench.write("etc/kubernetes/sextant/member", "1\n");
    bench.write("etc/kubernetes/kubelet.conf", "clusters:\n- cluster:\n    server: https://10.0.0.11:6443\n");
    bench.command("curl", answer);
  };

  beforeEach(() => {
    folder("etc/kubernetes/sextant");
    folder("run/sextant");
  });

  test("says what the node waits for before it is in the cluster", async () => {
    expect((await run()).output).toBe("waits: for its turn to come into the cluster\n");
    bench.write("run/sextant/kubernetes", "waits: cp-1 founds the cluster\n");
    expect((await run()).output).toBe("waits: cp-1 founds the cluster\n");
  });

  test.each(["Ready", "Ready,SchedulingDisabled"])("says nothing of a node that is %s", async (status) => {
    join(`echo '${row(status)}'`);
    expect(await run()).toEqual({ status: 0, output: "" });
    expect(bench.calls()[0]).toMatch(/ https:\/\/10\.0\.0\.11:6443\/api\/v1\/nodes\/worker-1\?/);
  });

  test.each([
    ["is not Ready", `echo '${row("NotReady")}'`, "its Node is not Ready yet\n"],
    ["is not known", 'echo \'{"kind":"Status","code":404}\'', "the cluster's API does not know its Node\n"],
    [
      "cannot be asked for",
      "echo 'curl: (7) refused' >&2; exit 7",
      "the cluster's API at https://10.0.0.11:6443 does not answer: curl: (7) refused\n",
    ],
  ])("says it of a node that %s", async (_, answer, says) => {
    join(answer);
    expect(await run()).toEqual({ status: 0, output: says });
  });
});
