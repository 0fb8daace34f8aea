import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inJson } from "../../../bsroot-builder/verify/json-sums.ts";
import { SumsError, sumOf } from "../../../bsroot-builder/verify/sums.ts";

const BASE = "https://builds.coreos.fedoraproject.org/prod/streams/stable/builds/47.20270801.3.0/x86_64";
const [KERNEL, IMAGE] = ["a", "B"].map((digit) => digit.repeat(64)) as [string, string];
const RELEASE = JSON.stringify({
  release: "47.20270801.3.0",
  stream: "stable",
  architectures: {
    x86_64: {
      commit: "c".repeat(64),
      media: {
        metal: {
          artifacts: {
            pxe: { kernel: { location: `${BASE}/live-kernel.x86_64`, signature: `${BASE}/live-kernel.x86_64.sig`, sha256: KERNEL } },
            "raw.xz": { disk: { location: `${BASE}/metal.x86_64.raw.xz`, sha256: IMAGE } },
          },
        },
      },
    },
  },
});

describe("the hashes of a release.json", () => {
  test("are found by the name of the file, however deep it is", () => {
    expect(sumOf(RELEASE, "live-kernel.x86_64")).toEqual({ algorithm: "sha256", hex: KERNEL });
    expect(sumOf(RELEASE, "metal.x86_64.raw.xz")).toEqual({ algorithm: "sha256", hex: IMAGE.toLowerCase() });
  });

  test("are none of a file whose name only ends alike, or that is not there", () => {
    expect(() => sumOf(RELEASE, "kernel.x86_64")).toThrow(SumsError);
    expect(() => sumOf(RELEASE, "live-kernel.aarch64")).toThrow("names no SHA-256 or SHA-512 of live-kernel.aarch64");
  });

  test("are refused when they contradict each other", () => {
    const twice = JSON.stringify([RELEASE, RELEASE.replace(KERNEL, "d".repeat(64))].map((text) => JSON.parse(text)));
    expect(() => sumOf(twice, "live-kernel.x86_64")).toThrow("with different hashes");
  });

  test.each(["", "{", "null", "[]", '{"location":1,"sha256":2}', '{"location":"/x","sha256":"short"}', "<html>"])(
    "are none in %j",
    (text) => {
      expect(inJson(text)).toEqual([]);
    },
  );

  test("never fail, whatever the JSON holds", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(inJson(text)).toEqual([]);
      }),
    );
  });

  test("are found in a text as deep as it may be long", () => {
    expect(inJson(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)).toEqual([]);
  });
});
