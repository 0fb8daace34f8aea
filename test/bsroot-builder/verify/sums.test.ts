import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SumsError, sumOf } from "../../../bsroot-builder/verify/sums.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const LONG = "c".repeat(128);

describe("a file of hashes", () => {
  test.each([
    { of: "a lone hash, as kubelet.sha256", text: A, entry: "kubelet" },
    { of: "a lone hash with its line's end", text: `${A.toUpperCase()}\r\n`, entry: "kubelet" },
    { of: "one line of sha256sum", text: `${A}  containerd-2.3.4-linux-amd64.tar.gz\n`, entry: "containerd-2.3.4-linux-amd64.tar.gz" },
    { of: "the whole release, as runc.sha256sum", text: `${B} *runc.arm64\n${A} *runc.amd64\n`, entry: "runc.amd64" },
    { of: "paths, as Debian's SHA256SUMS", text: `${B}  ./gtk/linux\n${A}  ./netboot/linux\n`, entry: "netboot/linux" },
    {
      of: "the form of CHECKSUM",
      text: `# image.iso: 12 bytes\nSHA256 (image.iso) = ${A}\nSHA256 (other.iso) = ${B}\n`,
      entry: "image.iso",
    },
    { of: "the same hash twice", text: `${A}  x/kernel\n${A}  y/kernel\n`, entry: "kernel" },
  ])("says the SHA-256 out of $of", ({ text, entry }) => {
    expect(sumOf(text, entry)).toEqual({ algorithm: "sha256", hex: A });
  });

  test("says the longer hash when it has both", () => {
    expect(sumOf(`${A}  image\n${LONG}  image\n`, "image")).toEqual({ algorithm: "sha512", hex: LONG });
  });

  test.each([
    { when: "it is a login page", text: "<!DOCTYPE html><title>Log in</title>", says: /names no SHA-256 or SHA-512 of image; is a proxy/ },
    { when: "it is empty", text: "", says: /names no/ },
    { when: "it names others only", text: `${A}  other\n`, says: /names no/ },
    { when: "a name only ends alike", text: `${A}  another-image\n`, says: /names no/ },
    { when: "two lone hashes stand in it", text: `${A}\n${B}\n`, says: /names no/ },
    { when: "two files of that name differ", text: `${A}  x/image\n${B}  y/image\n`, says: /several files image with different hashes/ },
  ])("is refused when $when", ({ text, says }) => {
    expect(() => sumOf(text, "image")).toThrow(says);
  });

  test("of any text is a hash out of it or an error of its own", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3000, size: "max" }), fc.string(), (text, entry) => {
        try {
          expect(text.toLowerCase()).toContain(sumOf(text, entry).hex);
        } catch (error) {
          expect(error).toBeInstanceOf(SumsError);
        }
      }),
    );
  });
});
