import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { mac } from "../../cluster/address.ts";
import { type Machine, ROLES } from "../../cluster/cluster.ts";
import type { BootContext } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";
import { loaderArtifacts, nodePlan, osTarget, osTargets, roles } from "../../templates/registry.ts";
import { osTargetContract } from "../contract/os-target.ts";
import { roleContract } from "../contract/role.ts";
import { expectGolden } from "./golden.ts";
import { pages as debianPages } from "./os/debian/needed.ts";
import { pages } from "./os/enterprise-linux/sample-tree.ts";
import { resolved } from "./resolved.ts";
import { cluster, context, FEDORA_COREOS, FLATCAR, machine, RAW_IMAGE, ROCKY, server, TRIXIE, UBUNTU } from "./sample.ts";

const SYSTEMS = { flatcar: FLATCAR, "fedora-coreos": FEDORA_COREOS, "raw-image": RAW_IMAGE } as const;

/** A machine that boots from us without being in the description (2016 form). */
const stranger = (given: Partial<Machine> = {}): BootContext => {
  const unlisted = machine({ mac: mac("52:54:00:99:99:99"), name: "52-54-00-99-99-99", roles: ["worker"], ...given });
  return {
    cluster: cluster([machine()], { unlisted: { become: "worker", os: unlisted.os, disk: unlisted.disk, architecture: "amd64" } }),
    machine: unlisted,
    os: unlisted.os,
    server,
  };
};

for (const os of Object.values(SYSTEMS)) {
  const given = context({ os });
  osTargetContract({ target: osTarget(os), os, context: given, plan: resolved(nodePlan(given)) });
}

const noble = context({ os: UBUNTU });
osTargetContract({ target: osTarget(UBUNTU), os: UBUNTU, context: noble, plan: resolved(nodePlan(noble)) });
const rocky = context({ os: ROCKY });
osTargetContract({ target: osTarget(ROCKY), os: ROCKY, context: rocky, plan: resolved(nodePlan(rocky)), pages });

const trixie = context({ os: TRIXIE });
osTargetContract({ target: osTarget(TRIXIE), os: TRIXIE, context: trixie, plan: resolved(nodePlan(trixie)), pages: debianPages });

for (const role of Object.values(roles)) {
  roleContract({ role, listed: context({ roles: [role.name] }), unlisted: stranger({ roles: [role.name] }), plan: nodePlan });
}

test("every role and every operating system a description may name is registered", () => {
  expect(Object.keys(roles)).toEqual([...ROLES]);
  for (const [name, target] of Object.entries(osTargets)) expect(target.name).toBe(name);
  for (const [name, role] of Object.entries(roles)) expect(role.name).toBe(name);
});

describe.each(Object.values(SYSTEMS))("the first-boot configuration on $target", (os) => {
  test.each(ROLES)("of a machine with role %s is what it was, and the real ignition-validate has no word against it", (role) => {
    const given = context({ os, roles: [role], labels: { "topology.example/rack": "r1" } });
    const { body } = osTarget(os).config(resolved(nodePlan(given)));
    expectGolden(`${os.target}/${role}.ign`, body);
    expect(validate(body)).toBe("");
  });

  test("of a machine with every role is valid too", () => {
    const given = context({ os, roles: ROLES });
    expect(validate(osTarget(os).config(resolved(nodePlan(given))).body)).toBe("");
  });

  test.each([["control-plane"], ["worker"]] as const)("of a %s of Kubernetes is valid too", (role) => {
    const release = { kubernetes: { ...cluster([]).kubernetes, version: "1.36.2", podNetwork: "bridge" as const } };
    const plan = nodePlan(context({ os, roles: [role] }, release));
    expect(plan.files.map(({ path }) => path)).toEqual(expect.arrayContaining(["/opt/bin/kubelet", "/etc/kubernetes/sextant/join.yaml"]));
    expect(validate(osTarget(os).config(resolved(plan)).body)).toBe("");
  });

  test("of an unlisted worker is valid and holds no secret", () => {
    const { body } = osTarget(os).config(resolved(nodePlan(stranger({ os }))));
    expect(validate(body)).toBe("");
    expectGolden(`${os.target}/unlisted-worker.ign`, body);
    expect(nodePlan(stranger({ os })).files.filter(({ content }) => "secret" in content)).toEqual([]);
  });
});

test.each([FLATCAR, FEDORA_COREOS])("stage one of $target is valid and the same for every role", (os) => {
  const stageOne = osTarget(os).stageOne!(context({ os }));
  expect(validate(stageOne)).toBe("");
  expectGolden(`${os.target}/stage-one.ign`, stageOne);
  expect(osTarget(os).stageOne!(context({ os, roles: ROLES }))).toBe(stageOne);
});

test("only a control plane gets the cluster CA's key", () => {
  const holders = ROLES.filter((role) =>
    nodePlan(context({ roles: [role] })).files.some(
      ({ content }) => "secret" in content && "tls" in content.secret && content.secret.tls === layout.tls.clusterCaKey,
    ),
  );
  expect(holders).toEqual(["control-plane"]);
});

test("a machine that is control plane and worker has the cluster CA once", () => {
  const paths = nodePlan(context({ roles: ["control-plane", "worker"] })).files.map(({ path }) => path);
  expect(paths.filter((path) => path === "/etc/kubernetes/pki/ca.crt")).toHaveLength(1);
});

test("each machine gets its own key and nobody else's", () => {
  const other = mac("52:54:00:00:00:12");
  const secrets = JSON.stringify(nodePlan(context({ mac: other })).files);
  expect(secrets).toContain(layout.tls.machineKey(other));
  expect(secrets).not.toContain("52-54-00-00-00-11");
});

test("the loaders are those DHCP offers, out of iPXE's release, but for architectures that no description can name", () => {
  const paths = loaderArtifacts().map(({ path }) => path);
  const offered = Object.values(layout.loaders).map((name) => `tftpboot/${name}`);
  const left = ["arm32", "riscv64", "loong64"].map((name) => `tftpboot/ipxe-${name}.efi`);
  expect(offered.filter((path) => !paths.includes(path))).toEqual(left);
  for (const { url, member } of loaderArtifacts()) {
    expect(url).toMatch(/^https:\/\/github\.com\/ipxe\/ipxe\/releases\/download\/v\d+\.\d+\.\d+\/ipxeboot\.tar\.gz$/);
    expect(member).toMatch(/^ipxeboot\/((x86_64|arm64)(-sb)?|i386)\//);
  }
});

test("every shim has its signed second stage beside it, under the name it asks for", () => {
  const members = new Map(loaderArtifacts().map(({ path, member }) => [path, member]));
  const shims = [...members.keys()].filter((path) => path.endsWith("/shim.efi"));
  expect(shims).toHaveLength(4);
  for (const shim of shims) {
    const second = members.get(shim.replace("shim.efi", "ipxe.efi"));
    expect(second).toMatch(shim.includes("-http/") ? /-sb\/ipxe\.efi$/ : /-sb\/snponly\.efi$/);
    expect(second!.split("/")[1]).toBe(members.get(shim)!.split("/")[1]);
  }
});

/** Everything Ignition's own checker says; unknown keys are only warnings to it, and mistakes to us. */
function validate(config: string): string {
  const { stdout, stderr, error } = spawnSync("ignition-validate", ["-"], { input: config, encoding: "utf8" });
  if (error) throw error;
  return stdout + stderr;
}
