/** From one URL to every file of a distribution, each with its hash. */
import * as zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Os } from "../../../../cluster/cluster.ts";
import { readPrimary, readRepomd } from "../../../../templates/os/enterprise-linux/repodata.ts";
import { readTreeInfo } from "../../../../templates/os/enterprise-linux/treeinfo.ts";
import { unpacked } from "../../../../templates/os/unpack.ts";
import { osTarget } from "../../../../templates/registry.ts";
import { follow } from "../../../support/follow.ts";
import { ROCKY } from "../../sample.ts";
import { PRIMARY, pages, primary, repomd, sha256, treeinfo } from "./sample-tree.ts";

type EnterpriseLinux = Extract<Os, { target: "enterprise-linux" }>;
const rocky = (given: Partial<EnterpriseLinux> = {}): EnterpriseLinux => ({ ...(ROCKY as EnterpriseLinux), ...given });
const indexes = (os: Os, architecture: "amd64" | "arm64" = "amd64") => osTarget(os).indexes!(os, architecture);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a mirrored tree", () => {
  const artifacts = follow(indexes(ROCKY), pages);
  const at = (end: string) => artifacts.find(({ path }) => path.endsWith(end))!;

  test("has kernel, initrd and installer with the hashes that .treeinfo vouches for", () => {
    expect(at("/images/pxeboot/vmlinuz")).toEqual({
      path: "html/static/enterprise-linux/rocky-9.6-x86_64/images/pxeboot/vmlinuz",
      url: "https://download.rockylinux.org/pub/rocky/9.6/BaseOS/x86_64/os/images/pxeboot/vmlinuz",
      verify: { by: "sha256", sha256: sha256("kernel") },
    });
    expect(at("/images/install.img").verify).toEqual({ by: "sha256", sha256: sha256("runtime") });
  });

  test("has both repositories side by side, wherever they were", () => {
    expect(at("/AppStream/repodata/repomd.xml").url).toBe(
      "https://download.rockylinux.org/pub/rocky/9.6/AppStream/x86_64/os/repodata/repomd.xml",
    );
    expect(at("/BaseOS/repodata/repomd.xml").verify).toEqual({ by: "sha256", sha256: sha256(repomd()) });
  });

  test("has every package by its hash, with a + or a ~ in its name as repositories have them", () => {
    expect(at("/BaseOS/Packages/l/libstdc++-11.5.0-5.el9.x86_64.rpm")).toMatchObject({
      url: expect.stringMatching(/\/os\/Packages\/l\/libstdc%2B%2B-11\.5\.0-5\.el9\.x86_64\.rpm$/),
      verify: { by: "sha256", sha256: sha256("libstdc++") },
    });
    expect(at("~rc1^git.x86_64.rpm").path).toContain("/Packages/c/");
  });

  test("names each file once, and believes only .treeinfo and AppStream's repomd.xml without a hash", () => {
    expect(new Set(artifacts.map(({ path }) => path)).size).toBe(artifacts.length);
    expect(artifacts.filter(({ verify }) => verify.by === "first-use").map(({ path }) => path.split("x86_64/")[1])).toEqual([
      "treeinfo",
      "AppStream/repodata/repomd.xml",
    ]);
  });

  test("from a DVD is read where it is mounted, and its .treeinfo is held to the given hash", () => {
    const dvd = rocky({ tree: { url: "file:///mnt/", sha256: "e".repeat(64) } });
    const [index] = indexes(dvd);
    expect(index!.artifact).toEqual({
      path: expect.stringMatching(/^html\/static\/enterprise-linux\/rocky-9\.6-x86_64-[0-9a-f]{12}\/treeinfo$/),
      url: "file:///mnt/.treeinfo",
      verify: { by: "sha256", sha256: "e".repeat(64) },
    });
    const named = index!.read(bytes(treeinfo("x86_64", { BaseOS: "./BaseOS", AppStream: "AppStream" })));
    expect(named.indexes.map(({ artifact }) => artifact.url)).toEqual([
      "file:///mnt/BaseOS/repodata/repomd.xml",
      "file:///mnt/AppStream/repodata/repomd.xml",
    ]);
    expect(named.indexes[0]!.artifact.verify).toEqual({ by: "sha256", sha256: sha256(repomd()) });
  });

  test.each([
    { os: rocky(), url: "https://download.rockylinux.org/pub/rocky/9.6/BaseOS/aarch64/os/.treeinfo" },
    { os: rocky({ distribution: "almalinux", version: "10" }), url: "https://repo.almalinux.org/almalinux/10/BaseOS/aarch64/os/.treeinfo" },
    {
      os: rocky({ distribution: "centos-stream", version: "10" }),
      url: "https://mirror.stream.centos.org/10-stream/BaseOS/aarch64/os/.treeinfo",
    },
  ])("of $os.distribution $os.version is at $url", ({ os, url }) => {
    expect(indexes(os, "arm64")[0]!.artifact.url).toBe(url);
  });

  test.each([
    { when: "it is for another processor", text: treeinfo("aarch64"), says: "this tree is for aarch64, and the machine is x86_64" },
    { when: "it lacks AppStream", text: treeinfo("x86_64", { BaseOS: "." }), says: "names no repository AppStream" },
    {
      when: "its repository is on another server",
      text: treeinfo("x86_64", { BaseOS: "https://elsewhere.example/os", AppStream: "." }),
      says: "leads away from",
    },
    {
      when: "it names a kernel outside",
      text: treeinfo("x86_64").replace("kernel = images/", "kernel = ../../"),
      says: "no plain path inside a tree",
    },
    { when: "it is a login page", text: "<html>please log in</html>", says: "this is no .treeinfo" },
  ])("is refused when $when", ({ text, says }) => {
    expect(() => indexes(ROCKY)[0]!.read(bytes(text))).toThrow(says);
  });
});

describe("a repository's lists", () => {
  test("are refused when a file would leave its folder or hide in it", () => {
    for (const href of ["../x.rpm", "/etc/passwd", "a//b.rpm", ".hidden.rpm", "Packages/x.part", "a%2f..%2fb", ""])
      expect(() => readRepomd(repomd(href))).toThrow(/no plain path/);
  });

  test("are refused without a SHA-256, and when a package is missing", () => {
    expect(() => readRepomd(repomd(PRIMARY, "abc"))).toThrow("has no SHA-256");
    expect(() => readPrimary(primary(undefined, 4))).toThrow("announces 4 packages and names 3");
    expect(() => readPrimary(primary().slice(0, 500))).toThrow(/damaged/);
  });

  test("never take long and never fail in any other way, whatever they hold", () => {
    const pieces = fc.constantFrom(
      "<package ",
      "</package>",
      '<checksum type="sha256">',
      "<data ",
      ">",
      '"',
      "<location ",
      "[tree]\narch=x\n",
      "\n",
      "=",
    );
    const anything = fc.array(fc.oneof(pieces, fc.string()), { maxLength: 200, size: "max" }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(anything, (text) => {
        for (const read of [readRepomd, readPrimary, readTreeInfo]) {
          try {
            read(text);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        }
      }),
    );
  });

  test("are unpacked by what they are, and refused by a name when they cannot be", () => {
    expect(unpacked(bytes("<metadata/>"))).toBe("<metadata/>");
    expect(() => unpacked(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a))).toThrow("packed with xz");
    expect(() => unpacked(Uint8Array.of(0x1f, 0x8b, 8, 0, 1))).toThrow("cannot be unpacked");
    // What `zstd` makes of <metadata/>.
    const zstd = (): string => unpacked(Buffer.from("KLUv/QRYWQAAPG1ldGFkYXRhLz7RTaGj", "base64"));
    if ("zstdDecompressSync" in zlib) expect(zstd()).toBe("<metadata/>");
    else expect(zstd).toThrow("build with Node 22.15 or newer");
  });
});
