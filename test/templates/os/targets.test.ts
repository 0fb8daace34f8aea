import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Os } from "../../../cluster/cluster.ts";
import { osTarget } from "../../../templates/registry.ts";
import { context, FLATCAR, facts, RAW_IMAGE } from "../sample.ts";

type RawImage = Extract<Os, { target: "raw-image" }>;
type Flatcar = Extract<Os, { target: "flatcar" }>;

const raw = (given: Partial<RawImage>): RawImage => ({ ...(RAW_IMAGE as RawImage), ...given });
const flatcar = (given: Partial<Flatcar>): Flatcar => ({ ...(FLATCAR as Flatcar), ...given });
const placeOf = (url: string, sha256?: string): string =>
  osTarget(RAW_IMAGE)
    .artifacts(raw({ image: { url, ...(sha256 !== undefined && { sha256 }) } }), "amd64")
    .at(-1)!.path;

describe("a raw image", () => {
  test("keeps its file's name, because the ending says how it is packed", () => {
    expect(placeOf("https://images.example/v7/node.raw.zst?token=1#x")).toMatch(/^html\/static\/raw-image\/[0-9a-f]{16}\/node\.raw\.zst$/);
  });

  test("stays where it is from build to build", () => {
    expect(placeOf("https://images.example/v7/node.raw.zst")).toBe(placeOf("https://images.example/v7/node.raw.zst"));
  });

  test.each([
    { when: "two images have the same name", a: ["https://a.example/node.raw.zst"], b: ["https://b.example/node.raw.zst"] },
    {
      when: "the same URL is expected to hold other bytes",
      a: ["https://a.example/node.raw", "1".repeat(64)],
      b: ["https://a.example/node.raw", "2".repeat(64)],
    },
  ])("has another place when $when", ({ a, b }) => {
    expect(placeOf(a[0]!, a[1])).not.toBe(placeOf(b[0]!, b[1]));
  });

  test("from any URL has a plain place, and different URLs have different ones", () => {
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true, withFragments: true, size: "large" }),
        fc.webUrl({ withQueryParameters: true }),
        (a, b) => {
          expect(placeOf(a)).toMatch(/^html\/static\/raw-image\/[0-9a-f]{16}\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
          expect(placeOf(a)).not.toMatch(/\.part$/);
          expect(placeOf(a) === placeOf(b)).toBe(a === b);
        },
      ),
    );
  });

  test("is checked by the hash the description gives, or believed once", () => {
    expect(
      osTarget(RAW_IMAGE)
        .artifacts(RAW_IMAGE, "amd64")
        .map(({ verify }) => verify),
    ).toEqual([{ by: "sha256", sha256: "b".repeat(64) }, { by: "first-use" }, { by: "sha256", sha256: "a".repeat(64) }]);
  });

  test("shares the live system of another image", () => {
    const paths = [raw({}), raw({ image: { url: "https://images.example/other.raw" } })].map((os) =>
      osTarget(os)
        .artifacts(os, "amd64")
        .map(({ path }) => path),
    );
    expect(paths[0]!.slice(0, 2)).toEqual(paths[1]!.slice(0, 2));
  });

  test("has no version to look up", () => {
    expect(osTarget(RAW_IMAGE).latest(RAW_IMAGE, "amd64")).toBeUndefined();
  });
});

describe("flatcar", () => {
  test("comes from its channel, each file signed by the project's key", () => {
    const artifacts = osTarget(FLATCAR).artifacts(flatcar({ channel: "beta" }), "arm64");
    const image = artifacts.find(({ path }) => path.endsWith("image.bin.bz2"))!;
    expect(image).toEqual({
      path: "html/static/flatcar/arm64-usr/4593.2.5/flatcar_production_image.bin.bz2",
      url: "https://beta.release.flatcar-linux.net/arm64-usr/4593.2.5/flatcar_production_image.bin.bz2",
      verify: {
        by: "openpgp",
        signature: "https://beta.release.flatcar-linux.net/arm64-usr/4593.2.5/flatcar_production_image.bin.bz2.sig",
        key: "https://www.flatcar.org/security/image-signing-key/Flatcar_Image_Signing_Key.asc",
        fingerprint: "F88CFEDEFF29A5B4D9523864E25D9AED0593B34A",
      },
    });
  });

  test("lies where flatcar-install -b http://SERVER/static/flatcar/amd64-usr -V VERSION looks, signatures included", () => {
    const names = osTarget(FLATCAR)
      .artifacts(FLATCAR, "amd64")
      .map(({ path }) => path.replace("html/static/flatcar/amd64-usr/4593.2.5/", ""));
    expect(names).toEqual([
      "flatcar_production_pxe.vmlinuz",
      "flatcar_production_pxe.vmlinuz.sig",
      "flatcar_production_pxe_image.cpio.gz",
      "flatcar_production_pxe_image.cpio.gz.sig",
      "flatcar_production_image.bin.bz2",
      "flatcar_production_image.bin.bz2.sig",
      "flatcar_production_image.bin.bz2.DIGESTS",
      "flatcar_production_image.bin.bz2.DIGESTS.sig",
      "version.txt",
    ]);
  });

  test.each([
    { channel: "stable", url: "https://stable.release.flatcar-linux.net/amd64-usr/current/version.txt" },
    { channel: "lts", url: "https://lts.release.flatcar-linux.net/amd64-usr/current-2024/version.txt" },
  ] as const)("learns what current means in $channel", ({ channel, url }) => {
    const query = osTarget(FLATCAR).latest(flatcar({ channel, version: "current" }), "amd64")!;
    expect(query.url).toBe(url);
    expect(query.read("FLATCAR_BUILD=4593\nFLATCAR_VERSION=4593.2.5\nFLATCAR_VERSION_ID=4593.2.5\n")).toBe("4593.2.5");
  });

  test("looks nothing up when the version is given, and makes no list while it is not", () => {
    expect(osTarget(FLATCAR).latest(FLATCAR, "amd64")).toBeUndefined();
    expect(() => osTarget(FLATCAR).artifacts(flatcar({ version: "current" }), "amd64")).toThrow(/resolve it with latest\(\) first/);
  });

  test("takes no disk below the 8 GB it needs, whatever the rule says", () => {
    const script = (minSize: number): string =>
      osTarget(FLATCAR).installScript(context({ os: FLATCAR, disk: { minSize, pick: "first", wipe: "any" } }), facts());
    expect(script(1)).toContain("RULE_MIN='8000000000'");
    expect(script(9_000_000_000)).toContain("RULE_MIN='9000000000'");
  });

  test("never updates itself away from what the builder verified", () => {
    const plan = { ...context({ os: FLATCAR }), users: [], files: [], units: [], readyWhen: [] };
    const { storage } = JSON.parse(osTarget(FLATCAR).config(plan).body);
    const update = storage.files.find(({ path }: { path: string }) => path === "/etc/flatcar/update.conf").contents.source;
    expect(Buffer.from(update.split("base64,")[1], "base64").toString()).toBe("SERVER=disabled\nREBOOT_STRATEGY=off\n");
  });
});
