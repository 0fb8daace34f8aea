/** Lists as the distributions' own program writes them. Debian: createrepo-c. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPrimary, readRepomd } from "../../../../templates/os/enterprise-linux/repodata.ts";
import { unpacked } from "../../../../templates/os/unpack.ts";

/** An empty package of our own, with the characters in its name that names may have. */
const PACKAGE = "libx++-1.0~rc1-2.el9.noarch.rpm";
const folder = mkdtempSync(join(tmpdir(), "sextant-repository-"));
const sha256Of = (path: string): string =>
  createHash("sha256")
    .update(readFileSync(join(folder, path)))
    .digest("hex");

beforeAll(() => {
  mkdirSync(join(folder, "Packages"));
  cpSync(join("test/fixtures/enterprise-linux", PACKAGE), join(folder, "Packages", PACKAGE));
  const { status, error } = spawnSync("createrepo_c", ["--quiet", folder]);
  if (error) throw error;
  expect(status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("repomd.xml and the primary list name every file with the hash it has", () => {
  const { files, primary } = readRepomd(readFileSync(join(folder, "repodata/repomd.xml"), "utf8"));
  expect(files.map(({ path }) => path.replace(/[0-9a-f]{64}-/, ""))).toEqual(
    expect.arrayContaining(["repodata/primary.xml.gz", "repodata/filelists.xml.gz", "repodata/other.xml.gz"]),
  );
  const packages = readPrimary(unpacked(readFileSync(join(folder, primary.path))));
  expect(packages.map(({ path }) => path)).toEqual([`Packages/${PACKAGE}`]);
  for (const { path, sha256 } of [...files, ...packages]) expect(sha256Of(path)).toBe(sha256);
});
