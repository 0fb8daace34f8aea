import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { printer } from "../../bootstrapper/printer.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "sextant-printer-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

test("prints whole lines in order", async () => {
  const path = join(folder(), "out");
  const descriptor = openSync(path, "w");
  const out = printer(descriptor);
  for (const line of ["one", "two", "three"]) out.print(line);
  await out.flush();
  closeSync(descriptor);
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\nthree\n");
});

test("does not wait for a reader that stopped reading, and later says how much it missed", async () => {
  const path = join(folder(), "pipe");
  execFileSync("mkfifo", [path]);
  const pipe = await open(path, "r+"); // a reader and a writer at once, so that neither end waits for the other
  const out = printer(pipe.fd);
  const line = "x".repeat(999);
  for (let index = 0; index < 5000; index++) out.print(line);
  let read = "";
  const drain = (async () => {
    const buffer = Buffer.alloc(1 << 16);
    while (!read.includes("last")) read += buffer.toString("latin1", 0, (await pipe.read(buffer)).bytesRead);
  })();
  while (!read.includes("lines were lost")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    out.print("once more");
  }
  out.print("last");
  await drain;
  await out.flush();
  await pipe.close();
  expect(read).toMatch(/\.\.\. \d{4} lines were lost: nobody read them\n/);
});
