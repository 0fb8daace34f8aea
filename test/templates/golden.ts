/** Texts kept as files: a change shows in the diff, and GOLDEN=write takes it over. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";

/** `name` is the file below test/golden/templates. */
export function expectGolden(name: string, text: string): void {
  const file = join("test/golden/templates", name);
  if (process.env["GOLDEN"] === "write") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, "utf8"));
}
