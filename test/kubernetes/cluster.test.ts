/** From power-on to a real Kubernetes cluster: founded, joined, upgraded, and brought back after it was lost. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KubernetesLab } from "./lab.ts";

let lab: KubernetesLab;
let snapshot: string;

beforeAll(async () => {
  lab = await KubernetesLab.open((line) => console.log(line));
});
afterAll(async () => {
  await lab?.close();
});

/** "cp-1=True": what is at the path, of each. */
const ofNodes = async (path: string) =>
  (await lab.kubectl(`get nodes -o jsonpath='{range .items[*]}{.metadata.name}={${path}}{"\\n"}{end}'`)).split("\n").sort();
const nodes = () => ofNodes('.status.conditions[?(@.type=="Ready")].status');

describe.sequential("a rack that is powered on", () => {
  test("founds a cluster with the authorities of the bsroot, and a worker joins it, whoever comes up first", async () => {
    lab.powerOn("worker-1");
    lab.powerOn("cp-1");
    await lab.ready("cp-1");
    await lab.ready("worker-1");
    expect(await nodes()).toEqual(["cp-1=True", "worker-1=True"]);
    const subject = "openssl x509 -noout -issuer -in";
    expect(await lab.rack.onNode("cp-1", `sudo ${subject} /etc/kubernetes/pki/apiserver.crt`)).toContain("CN = kubernetes");
    expect(await lab.rack.onNode("cp-1", "sudo sha256sum </etc/kubernetes/pki/ca.crt")).toBe(
      await lab.rack.onNode("worker-1", "sudo sha256sum </etc/kubernetes/pki/ca.crt"),
    );
  });

  test("no worker holds a key of an authority", async () => {
    const held = await lab.rack.onNode("worker-1", "sudo find / -xdev -name 'ca.key' -o -xdev -name 'sa.key' 2>/dev/null");
    expect(held.trim()).toBe("");
  });

  test("nodes have the labels of the description and of their roles", async () => {
    await lab.until("labels", async () => {
      const labels = await lab.kubectl("get node worker-1 --show-labels --no-headers");
      return labels.includes("topology.kubernetes.io/zone=a") && labels.includes("node-role.kubernetes.io/worker=");
    });
  });

  test("a pod runs on the worker, from an image of the bootstrapper's registry", async () => {
    const image = (
      await lab.kubectl("get pods -n kube-system -l component=etcd -o jsonpath='{.items[0].spec.containers[0].image}'")
    ).replace(/\/etcd:.*/, "");
    const pause = (await lab.rack.onNode("worker-1", "grep sandbox_image /etc/containerd/config.toml")).split('"')[1]!;
    expect(pause.startsWith(`${image}/pause:`)).toBe(true);
    await lab.kubectl(`run greeting --image=${pause} --restart=Never`);
    await lab.until("the pod to run", async () => {
      const said = await lab.kubectl("get pod greeting -o jsonpath='{.status.phase} {.spec.nodeName} {.status.podIP}'");
      return /^Running worker-1 10\.244\./.test(said);
    });
    const address = await lab.kubectl("get pod greeting -o jsonpath='{.status.podIP}'");
    await lab.until("the control plane to reach it", async () =>
      (await lab.rack.onNode("cp-1", `ping -c 1 -W 5 ${address} || true`)).includes("1 received"),
    );
    await lab.kubectl("delete pod greeting --wait=false");
  });

  test("an operator has kubectl and a kubeconfig from one script, and is the cluster's administrator", async () => {
    const said = await lab.setupKubectl();
    expect(said).toMatch(/^kubectl 1\.\d+\.\d+ is in /m);
    expect(said).toMatch(/^cp-1 +Ready /m);
    expect(said).toMatch(/^worker-1 +Ready /m);
  });

  test("an add-on is in the cluster, and what it left behind goes when the description no longer has it", async () => {
    const secrets = "get serviceaccount default -o jsonpath='{.imagePullSecrets[*].name}'";
    const addOns = async () => (await lab.rack.api.cluster()).addOns.map(({ name, is }) => `${name} ${is}`);
    await lab.until("the add-on to be applied", async () => (await addOns()).join() === "image-pull-secrets well");
    expect(await lab.kubectl(secrets)).toContain("company");
    expect(await lab.kubectl("get secret company -o jsonpath={.type}")).toBe("kubernetes.io/dockerconfigjson");
    await lab.describe({ imagePullSecrets: undefined });
    await lab.until("the bootstrapper to see it", async () => (await addOns()).join() === "image-pull-secrets left");
    const said = await lab.rack.order("prune", "--yes");
    expect(said).toMatch(/delete Secret default\/company, which image-pull-secrets left behind/);
    expect(await lab.kubectl(secrets)).not.toContain("company");
    expect(await lab.kubectl("get secret company --ignore-not-found")).toBe("");
  });

  test("a worker that is installed anew comes back", async () => {
    await lab.rack.onNode("worker-1", "sudo touch /var/lib/of-before; sudo sync");
    expect(await lab.rack.order("reinstall", "worker-1", "--yes")).toContain("all of it is done");
    expect(await nodes()).toEqual(["cp-1=True", "worker-1=True"]);
    expect(await lab.rack.onNode("worker-1", "test -e /var/lib/of-before || echo anew")).toBe("anew\n");
    expect(await lab.kubectl("get node worker-1 -o jsonpath={.spec.unschedulable}")).toBe("");
  });

  test("all nodes are upgraded to the later release of the bsroot, and the cluster goes on", async () => {
    await lab.kubectl("create configmap earlier --from-literal=written=earlier");
    expect(await lab.rack.order("upgrade", lab.later, "--yes")).toContain("all of it is done");
    expect(await ofNodes(".status.nodeInfo.kubeletVersion")).toEqual([`cp-1=v${lab.later}`, `worker-1=v${lab.later}`]);
    expect(await nodes()).toEqual(["cp-1=True", "worker-1=True"]);
    expect(JSON.parse(await lab.kubectl("get --raw /version"))).toMatchObject({ gitVersion: `v${lab.later}` });
    expect(await lab.kubectl("get configmap earlier -o jsonpath={.data.written}")).toBe("earlier");
    await lab.describe({ version: lab.later, offered: undefined });
  });

  test("a snapshot of etcd is taken by one command, and lies on the bootstrapper", async () => {
    [snapshot = ""] = (await lab.rack.order("snapshot")).trim().split(/[ :]/);
    expect(await lab.rack.order("snapshots")).toMatch(new RegExp(`^${snapshot} +\\S+ +\\d{6,} +[0-9a-f]{64}$`, "m"));
  });

  test("a second control plane joins, with a member of etcd of its own", async () => {
    await lab.rack.machine("worker-1").cutPower(); // two processors translate every instruction of two control planes
    lab.powerOn("cp-2");
    await lab.ready("cp-2");
    expect((await nodes()).slice(0, 2)).toEqual(["cp-1=True", "cp-2=True"]);
    const etcd = await lab.kubectl("get pods -n kube-system -l component=etcd --no-headers", "cp-2");
    expect(etcd.split("\n").filter((line) => line.includes("Running"))).toHaveLength(2);
  });

  test("when one of two control planes is lost, and with it etcd's quorum, a snapshot brings the cluster back", async () => {
    await lab.kubectl("create configmap later --from-literal=written=later");
    await lab.rack.machine("cp-2").cutPower();
    await lab.until("cp-2 to be missed", async () =>
      (await lab.rack.api.plan(`do=restore&snapshot=${snapshot}`)).notes.some((note) => note.startsWith("cp-2 asks for no orders")),
    );
    await expect(lab.kubectl("create configmap never --from-literal=written=never")).rejects.toThrow();
    expect(await lab.rack.order("restore", snapshot, "--yes")).toContain("all of it is done");
    expect(await lab.kubectl("get configmap later never --ignore-not-found")).toBe("");
    await lab.until("cp-1 to be Ready", async () => (await nodes()).includes("cp-1=True"));
    expect(await lab.rack.onNode("cp-1", "sudo find /var/lib -maxdepth 1 -name 'etcd.before-restore-*'")).toContain("before-restore");
  });
});
