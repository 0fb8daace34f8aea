import { describe, expect, test } from "vitest";
import { renderFor, VIEWS, type View } from "../../bsroot-builder/render.ts";
import { mac } from "../../cluster/address.ts";
import type { Lock } from "../../cluster/layout.ts";
import { parse } from "../../cluster/parse.ts";
import { flatcar } from "../../templates/os/flatcar/target.ts";
import { description } from "../support/workshop.ts";

const parsed = parse(description(), "cluster-desc.yml");
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
const { cluster } = parsed;
const CP_1 = mac("52:54:00:00:00:11");
const STRANGER = mac("52:54:00:00:00:99");
const CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

const lock: Lock = {
  version: 1,
  versions: {},
  images: {},
  artifacts: Object.fromEntries(
    flatcar
      .artifacts({ target: "flatcar", channel: "stable", version: "4593.2.5" }, "amd64")
      .map(({ path, url }) => [path, { url, size: 123_456, sha256: "5".repeat(64), verified: "first-use" }]),
  ),
};
const show = (view: View, address = CP_1, known = lock) => renderFor(address, view, cluster, known, CA);

test("the boot script names the kernel and where the live system finds its configuration", () => {
  expect(show("boot")).toMatch(/^#!ipxe\n.*flatcar_production_pxe.vmlinuz.*http:\/\/10.77.0.1\/boot\/52-54-00-00-00-11.ign/s);
});

test("the install script carries the CA, the image's hash from the lock, and no secret", () => {
  const script = show("install");
  expect(script).toContain("5".repeat(64));
  expect(script).toContain("AAAA");
  expect(script).toContain("https://10.77.0.1");
});

test("the plan is readable, with modes as people write them and secrets by name only", () => {
  const plan = JSON.parse(show("plan"));
  const key = plan.files.find(({ path }: { path: string }) => path === "/etc/sextant/node.key");
  expect(key).toEqual({ path: "/etc/sextant/node.key", mode: "0600", content: { secret: { tls: "tls/machines/52-54-00-00-00-11.key" } } });
});

test("the configuration holds a placeholder where the key will be", () => {
  const config = JSON.parse(show("config"));
  const key = config.storage.files.find(({ path }: { path: string }) => path === "/etc/sextant/node.key");
  const bytes = Buffer.from(key.contents.source.split(",")[1], "base64").toString();
  expect(bytes).toBe("(tls/machines/52-54-00-00-00-11.key, released once, inside an open grant)\n");
});

test.each(VIEWS)("no private key and no token is in %s", (view) => {
  expect(show(view)).not.toMatch(/PRIVATE KEY|[0-9a-f]{64}(?<!5{64})/);
});

describe("a machine that nobody listed", () => {
  test("is served a boot script that leaves it alone", () => {
    expect(show("boot", STRANGER)).toMatch(/not in cluster-desc.yml/);
  });

  test.each(["config", "install", "plan"] as const)("is served no %s", (view) => {
    expect(() => show(view, STRANGER)).toThrow(/52:54:00:00:00:99 is not in the description/);
  });
});

test("before a build the install script cannot be known, and that is said", () => {
  expect(() => show("install", CP_1, { version: 1, versions: {}, images: {}, artifacts: {} })).toThrow(
    /sextant.lock does not know .*; run bsroot-builder build first/,
  );
});
