import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { billOfMaterials, DPKG_FORMAT, parseDpkg } from "../../../bsroot-builder/appliance/bill.ts";
import { PackageMissing, packagesOf } from "../../../bsroot-builder/appliance/packages.ts";

interface Bill {
  readonly components: readonly { readonly purl: string; readonly hashes?: readonly { readonly content: string }[] }[];
}

describe("our own packages", () => {
  test("are those that npm names, with the same hashes", async () => {
    const { version, packages } = await packagesOf(process.cwd());
    const ours = JSON.parse(billOfMaterials({ version, npm: packages, debian: [] })) as Bill;
    const npm = (...more: string[]): Bill =>
      JSON.parse(
        execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", ...more], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
      );
    const facts = ({ components }: Bill) => components.map(({ purl, hashes }) => `${purl} ${hashes?.[0]?.content}`);
    expect(facts(npm())).toEqual(expect.arrayContaining(facts(ours)));
    // It leaves out a few that the programs and the development tools both want, so ours may name more.
    expect(facts(ours)).toEqual(expect.arrayContaining(facts(npm("--omit", "dev"))));
    expect(ours.components.length).toBeGreaterThan(30);
  });

  test("hold the part of koffi that is for this computer", async () => {
    const { packages } = await packagesOf(process.cwd());
    expect(packages.map(({ path }) => path)).toContain(`node_modules/@koromix/koffi-${process.platform}-${process.arch}`);
  });
});

describe("packages", () => {
  let root = "";
  const put = async (path: string, content: object): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), JSON.stringify(content));
  };
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "sextant-packages-"));
  });
  afterAll(() => rm(root, { recursive: true }));

  test("are found as node finds them: one's own before everybody's; what is optional may be absent", async () => {
    await put("package.json", { name: "ours", version: "1.0.0", dependencies: { a: "*", b: "*" }, devDependencies: { never: "*" } });
    await put("node_modules/a/package.json", {
      name: "a",
      version: "1.0.0",
      dependencies: { b: "^2" },
      optionalDependencies: { elsewhere: "*" },
    });
    await put("node_modules/a/node_modules/b/package.json", { name: "b", version: "2.0.0", license: "MIT" });
    await put("node_modules/b/package.json", { name: "b", version: "1.0.0", dependencies: { a: "*" } });
    const { packages } = await packagesOf(root);
    expect(packages).toEqual([
      { path: "node_modules/a", name: "a", version: "1.0.0" },
      { path: "node_modules/a/node_modules/b", name: "b", version: "2.0.0", license: "MIT" },
      { path: "node_modules/b", name: "b", version: "1.0.0" },
    ]);
  });

  test("that are missing are named, with the way out", async () => {
    await put("package.json", { name: "ours", version: "1.0.0", dependencies: { absent: "*" } });
    const missing = await packagesOf(root).catch((error) => error);
    expect(missing).toBeInstanceOf(PackageMissing);
    expect(missing.message).toBe(`${join(root, "node_modules/absent")}: is missing; install the builder's packages beside it (npm ci)`);
  });
});

test("Debian's packages are read from what dpkg says", () => {
  const said = execFileSync("dpkg-query", ["--show", `--showformat=${DPKG_FORMAT}`, "libc6", "dpkg"], { encoding: "utf8" });
  const debian = parseDpkg(said);
  expect(debian.map(({ name }) => name)).toEqual(["dpkg", "libc6"]);
  const { components } = JSON.parse(billOfMaterials({ version: "1", npm: [], debian, node: "24.0.0" })) as Bill;
  expect(components.map(({ purl }) => purl)).toEqual([
    expect.stringMatching(/^pkg:deb\/debian\/dpkg@[\w.%~-]+\?arch=\w+$/),
    expect.stringMatching(/^pkg:deb\/debian\/libc6@/),
    "pkg:generic/node@24.0.0",
  ]);
});
