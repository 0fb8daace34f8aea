/** Whom nodes ask for an image: the bootstrapper's registry, and after it those that pods have a password for, and nobody else. */
import { expect, test } from "vitest";
import type { ImagePullSecret } from "../../../cluster/cluster.ts";
import { base } from "../../../templates/roles/base/base.ts";
import { cluster, machine, server } from "../sample.ts";

/** By their names below /etc/containerd/certs.d. */
function files(imagePullSecrets: readonly ImagePullSecret[]): ReadonlyMap<string, string> {
  const one = machine();
  const plain = cluster([one]);
  const rack = { ...plain, kubernetes: { ...plain.kubernetes, imagePullSecrets } };
  return new Map(
    (base({ cluster: rack, machine: one, os: one.os, server }).files ?? []).flatMap(({ path, content }) => {
      const [, name] = /^\/etc\/containerd\/certs\.d\/(.+)$/.exec(path) ?? [];
      return name !== undefined && "text" in content ? [[name, content.text] as const] : [];
    }),
  );
}

/** The hosts.toml of each origin, without its empty lines. */
function hosts(imagePullSecrets: readonly ImagePullSecret[]): ReadonlyMap<string, string> {
  const found = [...files(imagePullSecrets)].filter(([name]) => name.endsWith("/hosts.toml"));
  return new Map(found.map(([name, text]) => [name.slice(0, -"/hosts.toml".length), text.replace(/\n{2,}/g, "\n").trim()]));
}
const secret = (registry: string, ca?: string): ImagePullSecret => ({
  name: "company",
  registry,
  namespaces: ["default"],
  ...(ca !== undefined && { ca }),
});

test("a registry that pods have a password for is asked itself, for what ours does not have", () => {
  expect(hosts([secret("registry.corp.lan:5000")]).get("registry.corp.lan_5000_")).toBe(
    `server = "https://registry.corp.lan:5000"
[host."https://10.0.0.1:5000/v2/registry.corp.lan_5000"]
  capabilities = ["pull", "resolve"]
  ca = "/etc/sextant/ca.pem"
  override_path = true`,
  );
  expect(hosts([secret("docker.io")]).get("docker.io")).toMatch(/^server = "https:\/\/registry-1\.docker\.io"\n/);
});

test("nobody else is asked", () => {
  for (const [origin, text] of hosts([secret("registry.corp.lan:5000")]))
    if (origin !== "registry.corp.lan_5000_") expect(text).toMatch(/^server = "https:\/\/10\.0\.0\.1:5000\/v2/);
  expect([...hosts([]).keys()]).not.toContain("registry.corp.lan_5000_");
});

test("a registry is believed by the certificates that stand beside its name, once each, and by no others", () => {
  const given = files([
    secret("registry.corp.lan:5000", "ONE\n"),
    secret("registry.corp.lan:5000", "TWO\n"),
    secret("registry.corp.lan:5000", "ONE\n"),
  ]);
  expect(given.get("registry.corp.lan_5000_/hosts.toml")).toMatch(
    /^server = "https:\/\/registry\.corp\.lan:5000"\nca = "\/etc\/containerd\/certs\.d\/registry\.corp\.lan_5000_\/ca\.pem"\n/,
  );
  expect(given.get("registry.corp.lan_5000_/ca.pem")).toBe("ONE\nTWO\n");
  expect([...given.keys()].filter((name) => name.endsWith(".pem"))).toHaveLength(1);
});
