/** Texts kept as files: a change shows in the diff, and GOLDEN=write takes it over. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";

export function expectGolden(file: string, text: string): void {
  if (process.env["GOLDEN"] === "write") {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, "utf8"));
}

/** A description from test/fixtures/cluster. */
export const fixture = (name: string): string => readFileSync(`test/fixtures/cluster/${name}`, "utf8");
