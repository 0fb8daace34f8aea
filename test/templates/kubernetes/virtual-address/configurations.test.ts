import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { imagesOfPlan } from "../../../../bsroot-builder/carried.ts";
import { ipv4 } from "../../../../cluster/address.ts";
import type { VirtualAddress } from "../../../../cluster/cluster.ts";
import type { PlanPiece } from "../../../../cluster/plan.ts";
import { KEEPALIVED_PACKAGES } from "../../../../templates/kubernetes/virtual-address/keepalived.ts";
import { virtualAddressPiece } from "../../../../templates/kubernetes/virtual-address/virtual-address.ts";
import { nodePlan, osTarget } from "../../../../templates/registry.ts";
import { type Bridge, bridge, type Namespace } from "../../../support/namespaces.ts";
import { expectGolden } from "../../golden.ts";
import { says } from "../../judges.ts";
import { ROCKY } from "../../sample.ts";
import { RELEASES, rack, seenBy } from "../racks.ts";

const racked = (by: VirtualAddress["by"], planes = 3) =>
  rack({ planes }, { version: RELEASES.v1beta4, virtualAddress: { address: ipv4("10.0.0.5"), by, routerId: 51 } });
const piece = (by: VirtualAddress["by"], name = "cp-1", planes = 3): PlanPiece => virtualAddressPiece(seenBy(name, racked(by, planes)));
const textOf = ({ files = [] }: PlanPiece, path: string): string => {
  const content = files.find((file) => file.path === path)!.content;
  return "text" in content ? content.text : "";
};

const KEEPALIVED = "/etc/sextant/keepalived.conf";
const HAPROXY = "/etc/haproxy/haproxy.cfg";
const VIP = "/etc/kubernetes/sextant/kube-vip.yaml";

/** keepalived trusts no script below a folder that others may write to. */
const folder = mkdtempSync("/run/sextant-keepalived-");
let network: Bridge;
let plane: Namespace;
beforeAll(async () => {
  network = await bridge("vip");
  plane = await network.machine("10.0.0.11/24");
});
afterAll(async () => {
  await network?.close();
  rmSync(folder, { recursive: true });
});

test("what lies on a control plane is what it was", () => {
  for (const path of [KEEPALIVED, HAPROXY, "/opt/sextant/check-api"])
    expectGolden(`kubernetes/virtual-address/${path.split("/").at(-1)!}`, textOf(piece("keepalived"), path));
  expectGolden("kubernetes/virtual-address/kube-vip.yaml", textOf(piece("kube-vip"), VIP));
  expectGolden("kubernetes/virtual-address/kube-vip.sh", textOf(piece("kube-vip"), "/opt/sextant/virtual-address"));
});

test("machines that are no control plane, and clusters without such an address, get nothing", () => {
  expect(piece("keepalived", "worker-1")).toEqual({});
  expect(virtualAddressPiece(seenBy("cp-1", rack({ planes: 3 }, { version: RELEASES.v1beta4 })))).toEqual({});
});

test("without Kubernetes keepalived is there all the same, and kube-vip, a pod, is not", () => {
  const without = (by: VirtualAddress["by"]): PlanPiece => {
    const { kubernetes, ...full } = racked(by);
    const { version: _, ...rest } = kubernetes;
    return virtualAddressPiece(seenBy("cp-1", { ...full, kubernetes: rest }));
  };
  expect(without("keepalived")).toEqual(piece("keepalived"));
  expect(without("kube-vip")).toEqual({});
});

test("Debian's keepalived, which starts with a configuration only, starts before there is one, as ours is finished on the way", () => {
  const { units = [] } = piece("keepalived");
  const dropin = units.find(({ name }) => name === "keepalived.service")!.dropins![0]!.contents;
  expect(dropin).toMatch(/^\[Unit\]\nConditionFileNotEmpty=\n/);
});

test.each(["kube-vip", "keepalived"] as const)("%s is part of what a control plane is to become, and of nobody else", (by) => {
  const { files = [], units = [], readyWhen = [] } = piece(by);
  const plan = nodePlan(seenBy("cp-1", racked(by)));
  expect(plan.files).toEqual(expect.arrayContaining([...files]));
  expect(plan.units).toEqual(expect.arrayContaining([...units]));
  expect(plan.readyWhen).toEqual(expect.arrayContaining([...readyWhen]));
  const paths = new Set(files.map(({ path }) => path));
  expect(nodePlan(seenBy("worker-1", racked(by))).files.filter(({ path }) => paths.has(path))).toEqual([]);
});

describe("keepalived", () => {
  /** Its words about the configuration; empty when it is content. */
  function judged(config: string): string {
    mkdirSync(join(folder, "bin"), { recursive: true });
    writeFileSync(join(folder, "bin/check-api"), "#!/bin/sh\n");
    chmodSync(join(folder, "bin/check-api"), 0o755);
    const file = join(folder, "keepalived.conf");
    writeFileSync(file, config.replace("@INTERFACE@", "eth0").replace("/opt/sextant/", join(folder, "bin/")));
    return says("ip", ["netns", "exec", plane.name, "keepalived", "--config-test", "--use-file", file]);
  }

  test.each([1, 3])("finds nothing wrong with %i control planes", (planes) => {
    expect(judged(textOf(piece("keepalived", "cp-1", planes), KEEPALIVED))).toBe("");
  });
  test("would say so if something were wrong", () => {
    expect(judged(textOf(piece("keepalived"), KEEPALIVED).replace("virtual_router_id 51", "virtual_router_id 510"))).toContain(
      "number '510' outside range",
    );
  });
  test("takes the address in the order of the description, and tells each peer alone", () => {
    const [first, third] = ["cp-1", "cp-3"].map((name) => textOf(piece("keepalived", name), KEEPALIVED));
    expect([/priority (\d+)/.exec(first!)![1], /priority (\d+)/.exec(third!)![1]]).toEqual(["254", "252"]);
    expect(third!.replace(/\s+/g, " ")).toContain("unicast_src_ip 10.0.0.13 unicast_peer { 10.0.0.11 10.0.0.12 }");
    expect(textOf(piece("keepalived", "cp-1", 1), KEEPALIVED)).not.toContain("unicast");
  });
});

test("the installer of Enterprise Linux brings the packages to control planes that need them, and to nobody else", () => {
  const asked = (name: string, by: VirtualAddress["by"]) => {
    const context = { ...seenBy(name, racked(by)), os: ROCKY };
    return osTarget(ROCKY).stageOne!(context)
      .split("\n")
      .filter((line) => KEEPALIVED_PACKAGES.includes(line));
  };
  expect([asked("cp-1", "keepalived"), asked("worker-1", "keepalived"), asked("cp-1", "kube-vip")]).toEqual([
    ["haproxy", "keepalived"],
    [],
    [],
  ]);
});

describe("haproxy", () => {
  const judged = (config: string): string => {
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, config);
    return says("haproxy", ["-c", "-f", file]);
  };
  test("finds nothing wrong", () => {
    expect(judged(textOf(piece("keepalived"), HAPROXY))).toBe("Configuration file is valid\n");
  });
  test("would say so if something were wrong", () => {
    expect(judged(textOf(piece("keepalived"), HAPROXY).replace("check-ssl", "check-tls"))).toContain("check-tls");
  });
});

describe("kube-vip", () => {
  const pod = parse(textOf(piece("kube-vip"), VIP));
  test("holds the description's address for the API's port, on a card that the node fills in", () => {
    const env = Object.fromEntries(pod.spec.containers[0].env.map((one: { name: string; value: string }) => [one.name, one.value]));
    expect(env).toMatchObject({ address: "10.0.0.5", port: "6443", vip_interface: "@INTERFACE@", cp_enable: "true", svc_enable: "false" });
    expect(pod.spec.volumes).toEqual([{ name: "credentials", hostPath: { path: "@CREDENTIALS@", type: "File" } }]);
  });
  test("has its image carried along, because the builder finds it in the plan", () => {
    expect(imagesOfPlan({ files: piece("kube-vip").files! })).toEqual([pod.spec.containers[0].image]);
  });
});
