/** Which files of a Debian archive are mirrored, and what is no archive. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Artifact } from "../../../../cluster/extension.ts";
import { archiveIndex, folder } from "../../../../templates/os/debian/archive.ts";
import { readPackages } from "../../../../templates/os/debian/packages-file.ts";
import { readRelease } from "../../../../templates/os/debian/release-file.ts";
import type { Debian } from "../../../../templates/os/debian/suites.ts";
import { askedFor } from "../../../../templates/os/debian/wanted.ts";
import { follow } from "../../../support/follow.ts";
import { DEBIAN_DEBS } from "./needed.ts";
import { archive, type Contents, contentOf, pagesOf, sha256, stanza } from "./sample-archive.ts";

const TRIXIE: Debian = { target: "debian", version: "13" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

let files: Record<string, Uint8Array>;
beforeEach(() => {
  files = { ...archive(contents()) };
});
const contents = (given: Partial<Contents> = {}): Contents => ({ codename: "trixie", debs: DEBIAN_DEBS, ...given });

const mirrored = (os: Debian = TRIXIE, architecture: "amd64" | "arm64" = "amd64"): readonly Artifact[] =>
  follow([archiveIndex(os, architecture)], pagesOf(files));
const below = (artifacts: readonly Artifact[], top = "html/static/debian/trixie-amd64/"): readonly string[] =>
  artifacts.map(({ path }) => path.replace(top, ""));

describe("of a mirror", () => {
  test("come Release with its signature, whole lists, the installer, its parts, and the packages that are needed", () => {
    const unneeded = { Package: "0ad" };
    files = { ...archive(contents({ debs: [...DEBIAN_DEBS, unneeded] })) };
    const paths = below(mirrored());
    expect(paths).toEqual(
      expect.arrayContaining([
        "dists/trixie/Release",
        "dists/trixie/Release.gpg",
        "dists/trixie/main/binary-amd64/Packages.gz",
        "dists/trixie/main/binary-amd64/Packages.xz",
        "dists/trixie/main/debian-installer/binary-amd64/Packages.gz",
        "dists/trixie/main/debian-installer/binary-amd64/Packages.xz",
        "dists/trixie/main/i18n/Translation-en.xz",
        "dists/trixie/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux",
        "dists/trixie/main/installer-amd64/current/images/netboot/debian-installer/amd64/initrd.gz",
        "pool/main/a/anna/anna_1_all.udeb",
        "pool/main/p/partman-base/partman-base_231_all.udeb",
      ]),
    );
    const names = paths.filter((path) => path.endsWith(".deb")).map((path) => path.split("/").at(-1)!.split("_")[0]);
    expect(names.sort()).toEqual(["base-files", ...askedFor("amd64", []).names].sort());
  });

  test("every file is held against a hash that hangs on one signature of the release's own key", () => {
    const [release, ...others] = mirrored();
    expect(release!.verify).toMatchObject({ by: "openpgp", fingerprint: "04B54C3CDCA79751B16BC6B5225629DF75B188BD" });
    const unproven = others.filter(({ verify }) => verify.by !== "sha256").map(({ path }) => path);
    expect(unproven).toEqual(["html/static/debian/trixie-amd64/dists/trixie/Release.gpg"]);
    const linux = others.find(({ path }) => path.endsWith("/linux"))!;
    expect(linux.verify).toEqual({ by: "sha256", sha256: sha256("trixie linux") });
  });

  test("sizes are known before anything is fetched, and names are spelled for URLs", () => {
    files = { ...archive(contents({ debs: [...DEBIAN_DEBS, { Package: "g++", Version: "2:1~rc+1" }] })) };
    const gpp = mirrored({ ...TRIXIE, packages: ["g++"] }).find(({ path }) => path.includes("/g++_"))!;
    expect(gpp.path).toMatch(/^html\/static\/debian\/trixie-amd64-[0-9a-f]{12}\/pool\/main\/g\/g\+\+\/g\+\+_1~rc\+1_all\.deb$/);
    expect(gpp.url).toBe("https://ftp.debian.org/debian/pool/main/g/g%2B%2B/g%2B%2B_1~rc%2B1_all.deb");
    expect(gpp.size).toBe(contentOf({ Package: "g++", Version: "2:1~rc+1" }).length);
  });

  test("another mirror, and other packages, have a folder of their own", () => {
    const snapshot = { ...TRIXIE, mirror: "https://snapshot.example/debian/20260915T000000Z" };
    expect(new Set([TRIXIE, snapshot, { ...TRIXIE, packages: ["vim"] }].map((os) => folder(os, "amd64"))).size).toBe(3);
    const [release] = mirrored(snapshot);
    expect(release!.url).toBe("https://snapshot.example/debian/20260915T000000Z/dists/trixie/Release");
  });
});

describe("is refused", () => {
  test("the Release file of another release, however well it is signed", () => {
    files = Object.fromEntries(
      Object.entries(archive(contents({ codename: "bookworm" }))).map(([path, content]) => [path.replace("bookworm", "trixie"), content]),
    );
    expect(() => mirrored()).toThrow("this is the Release file of bookworm, not of trixie");
  });

  test("an archive without this processor", () => {
    expect(() => mirrored(TRIXIE, "arm64")).toThrow("this archive has no main/binary-arm64/Packages.xz; name a mirror that is whole");
  });

  test("an archive that lacks a package which a node is made of", () => {
    files = { ...archive(contents({ debs: DEBIAN_DEBS.filter(({ Package }) => Package !== "conntrack") })) };
    expect(() => mirrored()).toThrow("this archive has no package conntrack");
  });

  test("an installer whose files the list does not know", () => {
    const sums = "dists/trixie/main/installer-amd64/current/images/SHA256SUMS";
    files[sums] = bytes(`${"0".repeat(64)}  ./netboot/mini.iso\n`);
    expect(() => mirrored()).toThrow("has no netboot/debian-installer/amd64/linux");
  });

  test.each([
    {
      when: "a login page stands where Release should be",
      read: () => readRelease("<html>log in</html>"),
      says: "this is no Release file",
    },
    { when: "a list is empty", read: () => readPackages("\n"), says: "names none" },
    { when: "a package would leave its folder", read: () => readPackages(stanzaAt("../../etc/passwd")), says: "no plain path" },
    { when: "a package would hide", read: () => readPackages(stanzaAt("pool/.x.deb")), says: "no plain path" },
    {
      when: "a package has no hash",
      read: () => readPackages("Package: a\nFilename: pool/a\nSize: 1\n"),
      says: "without its size and SHA-256",
    },
    {
      when: "a dependency is no name",
      read: () => readPackages(stanza({ Package: "a", Depends: "b | $(reboot)" })),
      says: '"$(reboot)" where a package\'s name should be',
    },
  ])("what is read when $when", ({ read, says }) => {
    expect(read).toThrow(says);
  });

  test("whatever else it holds, and quickly", () => {
    const pieces = fc.constantFrom(
      "Package: a\n",
      "Filename: pool/a\n",
      "SHA256:\n",
      "\n\n",
      " x\n",
      "Depends: ",
      "|",
      "(",
      ">= 1)",
      "Codename: x\n",
      ", ",
    );
    const anything = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 200, size: "max" }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(anything, (text) => {
        for (const read of [readRelease, readPackages]) {
          try {
            read(text);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        }
      }),
    );
  });
});

const stanzaAt = (path: string): string => stanza({ Package: "a" }).replace(/^Filename: .*$/m, `Filename: ${path}`);
