/** What other loaders than iPXE read, judged by the tools of those who wrote the loaders. Debian: grub-common. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { mac } from "../../../cluster/address.ts";
import { bootMenus, type MenuLoader } from "../../../templates/registry.ts";
import { expectGolden } from "../golden.ts";
import { context, FEDORA_COREOS, FLATCAR, RAW_IMAGE } from "../sample.ts";

const MAC = mac("52:54:00:00:00:11");
const LOADERS: readonly MenuLoader[] = ["pxelinux", "grub"];

const texts = (loader: MenuLoader): Record<string, string> => ({
  "install-raw-image": bootMenus.install(loader, context({ os: RAW_IMAGE })),
  "install-flatcar": bootMenus.install(loader, context({ os: FLATCAR, architecture: "arm64" })),
  "install-fedora-coreos": bootMenus.install(loader, context({ os: FEDORA_COREOS })),
  local: bootMenus.local(loader, "cp-1"),
  "discover-unlisted": bootMenus.discover(loader, MAC),
  "discover-waiting": bootMenus.discover(loader, MAC, "cp-1"),
  stranger: bootMenus.stranger(loader, "nobody is known at 10.0.0.99, so it is left as it is"),
  nothing: bootMenus.nothing(loader, "it is retired"),
});
const all = LOADERS.flatMap((loader) => Object.entries(texts(loader)).map(([name, text]) => ({ loader, name, text })));

test.each(all)("$name for $loader is what it was", ({ loader, name, text }) => {
  expectGolden(`boot/${name}.${loader}`, text);
});

test.each(all.filter(({ loader }) => loader === "grub"))("GRUB's own checker accepts $name", ({ text }) => {
  const { status, stdout, stderr } = spawnSync("grub-script-check", { input: text, encoding: "utf8" });
  expect({ status, words: stdout + stderr }).toEqual({ status: 0, words: "" });
});

test("GRUB's checker would have noticed a broken script", () => {
  expect(spawnSync("grub-script-check", { input: "if true; then\n" }).status).not.toBe(0);
});

test.each(all.filter(({ name }) => name.startsWith("install")))(
  "$name for $loader names files that TFTP and HTTP both have",
  ({ text }) => {
    expect(text).toMatch(/ \/?'?\/static\/[^ ]*(vmlinuz|live-kernel)/);
    expect(text).not.toMatch(/http:\/\/[^ ]*(vmlinuz|live-kernel)/);
  },
);

test("each says first, in plain words, what happens to which machine", () => {
  for (const loader of LOADERS) {
    const says = texts(loader);
    expect(says["install-raw-image"]).toContain("Sextant: cp-1 (52:54:00:00:00:11) installs raw-image from 10.0.0.1");
    expect(says["local"]).toContain("Sextant: cp-1 is installed and boots from its own disk");
    expect(says["discover-unlisted"]).toContain("52:54:00:00:00:11 is not in cluster-desc.yml and is left as it is");
    expect(says["nothing"]).toContain("Sextant: boots nothing: it is retired");
  }
});

test("no reason, however it is worded, becomes a command", () => {
  const evil = `it failed: '; reboot; echo '\nLABEL x\n$${"{net}"}`;
  expect(bootMenus.nothing("pxelinux", evil).split("\n")).toHaveLength(bootMenus.nothing("pxelinux", "x").split("\n").length);
  const script = bootMenus.nothing("grub", evil);
  expect(spawnSync("grub-script-check", { input: script }).status).toBe(0);
  expect(spawnSync("sh", { input: script.replace("\nexit", ""), encoding: "utf8" }).stdout).toBe(
    "Sextant: boots nothing: it failed: '; reboot; echo '?LABEL x?$" + "{net}\n",
  );
});
