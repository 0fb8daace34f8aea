/** Whom nodes ask for an image: the bootstrapper's registry, and after it those that pods have a password for, and nobody else. */
import { expect, test } from "vitest";
import type { ImagePullSecret } from "../../../cluster/cluster.ts";
import { base } from "../../../templates/roles/base/base.ts";
import { cluster, machine, server } from "../sample.ts";

function hosts(imagePullSecrets: readonly ImagePullSecret[]): ReadonlyMap<string, string> {
  const one = machine();
  const plain = cluster([one]);
  const rack = { ...plain, kubernetes: { ...plain.kubernetes, imagePullSecrets } };
  const files = base({ cluster: rack, machine: one, os: one.os, server }).files ?? [];
  return new Map(
    files.flatMap(({ path, content }) => {
      const [, origin] = /^\/etc\/containerd\/certs\.d\/(.+)\/hosts\.toml$/.exec(path) ?? [];
      return origin !== undefined && "text" in content ? [[origin, content.text.replace(/\n{2,}/g, "\n").trim()] as const] : [];
    }),
  );
}
const secret = (registry: string): ImagePullSecret => ({ name: "company", registry, namespaces: ["default"] });

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
