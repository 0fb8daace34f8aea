import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ipv4 } from "../../../../cluster/address.ts";
import { virtualAddressPiece } from "../../../../templates/kubernetes/virtual-address/virtual-address.ts";
import { Bench, type Ran, SHELLS, type Shell } from "../../boot/shells.ts";
import { RELEASES, rack, seenBy } from "../racks.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
  bench.command("ip", 'case "$*" in *10.0.0.11) echo "3: enp1s0    inet 10.0.0.11/24 brd 10.0.0.255 scope global enp1s0" ;; esac');
  bench.command("sleep", "exec /bin/sleep 0.02");
});
afterEach(() => bench.clear());

const script = (by: "kube-vip" | "keepalived", name = "cp-1"): string => {
  const virtualAddress = { address: ipv4("10.0.0.5"), by, routerId: 51 };
  const { files = [] } = virtualAddressPiece(seenBy(name, rack({ planes: 3 }, { version: RELEASES.v1beta4, virtualAddress })));
  for (const { path, content } of files) if ("text" in content) bench.write(path.split("/").at(-1)!, content.text);
  return bench.read("virtual-address").toString();
};
const at = (name: string): string => join(bench.folder, name);
const settled = async (holds: () => boolean): Promise<void> =>
  void (await expect.poll(holds, { interval: 20, timeout: 10_000 }).toBe(true));

describe.each(Object.keys(SHELLS) as Shell[])("in %s", (shell) => {
  test("kube-vip starts with the credentials that there are, and goes when an attempt is cleared away", async () => {
    const text = script("kube-vip").replace(/^MANIFEST=.*$/m, `MANIFEST=${at("kube-vip.yaml")}`);
    mkdirSync(at("kubernetes/sextant"), { recursive: true });
    const running = bench.run(shell, `SEXTANT_KUBERNETES=${at("kubernetes")}\n${text}`);
    const manifest = at("kubernetes/manifests/kube-vip.yaml");
    const uses = (name: string) => () => existsSync(manifest) && readFileSync(manifest, "utf8").includes(`path: "/etc/kubernetes/${name}"`);

    writeFileSync(at("kubernetes/admin.conf"), "");
    await settled(uses("admin.conf"));
    writeFileSync(at("kubernetes/super-admin.conf"), "");
    await settled(uses("super-admin.conf"));
    rmSync(at("kubernetes/admin.conf"));
    rmSync(at("kubernetes/super-admin.conf"));
    await settled(() => !existsSync(manifest));

    writeFileSync(at("kubernetes/super-admin.conf"), "");
    writeFileSync(at("kubernetes/admin.conf"), "");
    await settled(uses("super-admin.conf"));
    writeFileSync(at("kubernetes/sextant/member"), "");
    const { status, output }: Ran = await running;
    expect([status, uses("admin.conf")()]).toEqual([0, true]);
    expect(readFileSync(manifest, "utf8")).toContain('value: "enp1s0"');
    expect(output).toContain("sextant: kube-vip uses super-admin.conf\nsextant: kube-vip uses admin.conf\n");
  });

  test("keepalived is given the card that has the node's address, and does not start before there is one", async () => {
    const run = (name: string) =>
      bench.run(
        shell,
        `SEXTANT_KEEPALIVED=${at("etc")}\n${script("keepalived", name).replace(/^CONFIG=.*$/m, `CONFIG=${at("keepalived.conf")}`)}`,
      );
    expect((await run("cp-1")).status).toBe(0);
    expect(readFileSync(at("etc/keepalived.conf"), "utf8")).toContain("  interface enp1s0\n");
    expect(await run("cp-2")).toEqual({ status: 1, output: "sextant: no network card has 10.0.0.12 yet\n" });
  });
});
