import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gather } from "../../bsroot-builder/gather.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Artifact } from "../../cluster/extension.ts";
import { parse } from "../../cluster/parse.ts";
import { loaderArtifacts, osTarget } from "../../templates/registry.ts";
import { CP, description, registryOf, WORKER } from "../support/workshop.ts";

function cluster(text: string): Cluster {
  const parsed = parse(text, "cluster-desc.yml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.cluster;
}

const artifact = (path: string, url = `https://example.com/${path}`): Artifact => ({ path, url, verify: { by: "first-use" } });
const gathered = (...artifacts: Artifact[]) =>
  gather(
    cluster(description()),
    registryOf(() => artifacts),
  ).map(({ path }) => path);

describe("what is gathered", () => {
  test("is one list without repetition, however many machines want the same system", () => {
    expect(gathered(artifact("html/static/b"), artifact("html/static/a"))).toEqual(["html/static/a", "html/static/b"]);
  });

  test("is in the order of paths, whatever the order it was asked for in", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9._-]{1,12}$/).filter((name) => !/^\.*$|\.part$/.test(name)));
    fc.assert(
      fc.property(names, (all) => {
        const paths = gathered(...all.map((name) => artifact(`html/static/${name}`)));
        expect(paths).toEqual(all.map((name) => `html/static/${name}`).sort());
      }),
    );
  });

  test("holds every loader twice: firmware asks for it by TFTP or by HTTP", () => {
    const registry = { ...registryOf(() => []), loaderArtifacts: () => [artifact("tftpboot/undionly.kpxe")] };
    expect(gather(cluster(description()), registry).map(({ path }) => path)).toEqual([
      "html/static/boot/undionly.kpxe",
      "tftpboot/undionly.kpxe",
    ]);
  });

  test("keeps what a shim loads beside it, over TFTP and over HTTP", () => {
    const pair = ["shim.efi", "ipxe.efi"].map((name) => artifact(`tftpboot/secure-boot/amd64/${name}`, `https://x/${name}`));
    const registry = { ...registryOf(() => []), loaderArtifacts: () => pair };
    expect(gather(cluster(description()), registry).map(({ path }) => path)).toEqual([
      "html/static/boot/secure-boot/amd64/ipxe.efi",
      "html/static/boot/secure-boot/amd64/shim.efi",
      "tftpboot/secure-boot/amd64/ipxe.efi",
      "tftpboot/secure-boot/amd64/shim.efi",
    ]);
  });

  test("is both systems when machines run different ones, for each architecture", () => {
    const arm = '{ mac: "52:54:00:00:00:13", name: arm, arch: arm64 }';
    const paths = gather(cluster(description({ machines: [CP, WORKER, arm] })), { osTarget, loaderArtifacts }).map(({ path }) => path);
    expect(paths.filter((path) => path.endsWith("/flatcar_production_pxe.vmlinuz"))).toEqual([
      "html/static/flatcar/amd64-usr/4593.2.5/flatcar_production_pxe.vmlinuz",
      "html/static/flatcar/arm64-usr/4593.2.5/flatcar_production_pxe.vmlinuz",
    ]);
    expect(paths).toContain("tftpboot/undionly.kpxe");
    expect(paths).toContain("html/static/flatcar/amd64-usr/4593.2.5/flatcar_production_image.bin.bz2.sig");
  });
});

describe("what is refused", () => {
  test("is one place for two files", () => {
    expect(() => gathered(artifact("html/static/a", "https://x/1"), artifact("html/static/a", "https://x/2"))).toThrow(
      "html/static/a is wanted from https://x/1 and from https://x/2; give one of them another name",
    );
  });

  test.each([
    "tls/ca.pem",
    "manifest.json",
    "html/static/../../x",
    "/etc/passwd",
    "html/static//x",
    "html/static/",
    "html/static/a\\b",
    "html/static/x.part",
  ])("is a place like %s", (path) => {
    expect(() => gathered(artifact(path))).toThrow(/is no place for a download/);
  });
});
