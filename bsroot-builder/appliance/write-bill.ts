/** Writes the bill of materials of the image that it runs in, to the file it is told. The Dockerfile calls it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { billOfMaterials, DPKG_FORMAT, parseDpkg } from "./bill.ts";
import { packagesOf } from "./packages.ts";

const [file = ""] = process.argv.slice(2);
if (file === "") throw new Error("write-bill: name the file to write");
const { version, packages } = await packagesOf(process.cwd());
const debian = parseDpkg(execFileSync("dpkg-query", ["--show", `--showformat=${DPKG_FORMAT}`], { encoding: "utf8" }));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, billOfMaterials({ version, npm: packages, debian, node: process.versions.node }));
