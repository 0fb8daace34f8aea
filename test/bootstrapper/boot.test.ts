import { beforeEach, describe, expect, test } from "vitest";
import { makeTexts } from "../../bootstrapper/boot.ts";
import type { Texts } from "../../bootstrapper/http/world.ts";
import type { MachineView, NextBoot } from "../../bootstrapper/machines/machine.ts";
import { ipv4, type Mac, mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { osTarget } from "../../templates/registry.ts";
import { described } from "../support/description.ts";

const CP1 = mac("52:54:00:00:00:11");
const STRANGER = mac("02:00:00:00:00:99");
const cluster = described();
const pooled: Cluster = { ...cluster, unlisted: { become: "worker", ...cluster.machines[0]! } };

let next: NextBoot["do"] = "install";
let machine: Partial<MachineView> = {};
let read: string[] = [];
beforeEach(() => {
  next = "install";
  machine = {};
  read = [];
});

function texts(described: Cluster = cluster): Texts {
  const { os, architecture } = cluster.machines[0]!;
  return makeTexts({
    cluster: described,
    files: osTarget(os)
      .artifacts(os, architecture)
      .map(({ path }, index) => ({ path, size: 1000 + index, sha256: String(index).repeat(64) })),
    server: { address: ipv4("127.0.0.1"), http: "http://127.0.0.1", https: "https://127.0.0.1", ca: "the CA certificate\n" },
    machines: {
      nextBoot: () => ({ do: next, because: "the test says so" }),
      find: (address: Mac) => ({ mac: address, disks: [], ...machine }) as unknown as MachineView,
    },
    readSecret: async (path) => {
      read.push(path);
      return new TextEncoder().encode(`secret of ${path}`);
    },
  });
}

describe("the boot script", () => {
  test.each([
    { when: "install", says: "/install/52-54-00-00-00-11.sh" },
    { when: "local", says: "cp-1 is installed" },
    { when: "discover", says: "52:54:00:00:00:11" },
    { when: "nothing", says: "the test says so" },
  ] as const)("follows nextBoot: $when", ({ when, says }) => {
    next = when;
    const script = texts().bootScript(CP1);
    expect(script).toMatch(/^#!ipxe\n/);
    expect(script).toContain(says);
    expect(script.includes("/install/")).toBe(when === "install");
  });

  test("of a stranger tells it that it is not listed", () => {
    next = "discover";
    expect(texts().bootScript(STRANGER)).toContain("is not in cluster-desc.yml");
  });
});

describe("the install script", () => {
  test("knows the image's hash and the disks that may be overwritten", () => {
    machine = { disks: ["virtio-disk-7"] };
    const script = texts().installScript(CP1);
    expect(script).toContain("2".repeat(64));
    expect(script).toContain("virtio-disk-7");
    expect(script).toContain("the CA certificate");
    expect(read).toEqual([]);
  });

  test("may overwrite whatever is there only when the operator said so", () => {
    const refusing = texts().installScript(CP1);
    machine = { grant: { openedAt: 0, expiresAt: 1, attempt: 1, mayWipe: false } };
    expect(texts().installScript(CP1)).toBe(refusing);
    machine = { grant: { openedAt: 0, expiresAt: 1, attempt: 1, mayWipe: true } };
    expect(texts().installScript(CP1)).not.toBe(refusing);
  });

  test("is made for no stranger", () => {
    expect(() => texts().installScript(STRANGER)).toThrow("is not in cluster-desc.yml");
  });
});

describe("the configuration", () => {
  test("has the machine's own secrets, and the cluster's key where the role asks for it", async () => {
    await texts().config(CP1, "token");
    expect(read.sort()).toEqual(
      [layout.tls.clusterCa, layout.tls.clusterCaKey, layout.tls.machine(CP1), layout.tls.machineKey(CP1)].sort(),
    );
    read = [];
    await texts().config(mac("52:54:00:00:00:21"), "token");
    expect(read).not.toContain(layout.tls.clusterCaKey);
  });

  test("is nobody's who is not listed", async () => {
    await expect(texts().config(STRANGER, "token")).rejects.toThrow("is not in cluster-desc.yml");
  });

  test("of a worker that is not listed has no secret in it", async () => {
    const { body } = await texts(pooled).config(STRANGER, "the-report-token");
    expect(read).toEqual([]);
    expect(body).not.toContain(Buffer.from("the-report-token").toString("base64").slice(0, 20));
  });
});
