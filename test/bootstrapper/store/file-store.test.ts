import { spawn } from "node:child_process";
import {
  appendFileSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openStore } from "../../../bootstrapper/store/file-store.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sextant-store-"));
  file = join(folder, "state.log");
  return () => rmSync(folder, { recursive: true });
});

async function filled(values: Record<string, number>): Promise<void> {
  const store = await openStore(folder);
  for (const [key, value] of Object.entries(values)) await store.table<number>("numbers").put(key, value);
  await store.close();
}
const numbers = async (): Promise<Record<string, number>> => {
  const store = await openStore(folder);
  const entries = await store.table<number>("numbers").entries();
  await store.close();
  return Object.fromEntries(entries);
};
const linkOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // the descriptor that read the folder
  }
};
/** The class behind node:fs/promises' open, which it does not export. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(import.meta.filename);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

describe("a promise to keep a value", () => {
  test("is given only when the disk has it, and many share one write", async () => {
    const store = await openStore(folder);
    onTestFinished(() => store.close());
    let goOn = (): void => {};
    const write = vi.spyOn(await fileHandles(), "appendFile").mockImplementation(
      () =>
        new Promise((resolve) => {
          goOn = resolve;
        }),
    );
    onTestFinished(() => write.mockRestore());
    let promised = 0;
    const puts = Array.from({ length: 100 }, (_, index) =>
      store
        .table<number>("numbers")
        .put(String(index), index)
        .then(() => promised++),
    );
    await vi.waitFor(() => expect(write).toHaveBeenCalled());
    expect(write.mock.calls[0]![0]).toContain('["numbers","99",99]');
    expect(promised).toBe(0);
    goOn();
    await Promise.all(puts);
    expect(write).toHaveBeenCalledTimes(1);
    write.mockRestore();
  });

  test("that has time goes with the next write, or soon by itself, or when the store is closed", async () => {
    const store = await openStore(folder);
    const numbers = store.table<number>("numbers");
    const write = vi.spyOn(await fileHandles(), "appendFile");
    onTestFinished(() => write.mockRestore());
    const first = numbers.put("first", 1, "soon");
    await new Promise(setImmediate);
    expect(write).not.toHaveBeenCalled();
    await Promise.all([numbers.put("second", 2), first]);
    expect(write).toHaveBeenCalledTimes(1);
    await numbers.put("third", 3, "soon");
    expect(write).toHaveBeenCalledTimes(2);
    const last = numbers.remove("first", "soon");
    await store.close();
    await last;
    expect(write).toHaveBeenCalledTimes(3);
  });

  test("rests on a file whose writes return when they are on disk", async () => {
    const store = await openStore(folder);
    onTestFinished(() => store.close());
    const held = readdirSync("/proc/self/fd").find((fd) => linkOf(`/proc/self/fd/${fd}`) === realpathSync(file));
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${held}`, "utf8"))?.[1] ?? "0";
    expect(Number.parseInt(flags, 8) & constants.O_DSYNC).toBe(constants.O_DSYNC);
  });

  test("survives kill -9 at any moment, again and again", async () => {
    for (const lines of [1, 3, 20]) {
      const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "crash-child.ts"), folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      await new Promise<void>((resolve) => {
        child.stdout.on("data", (bytes) => {
          said += bytes;
          if (said.split("\n").length > lines) child.kill("SIGKILL");
        });
        child.on("exit", () => resolve());
      });
      const promised = Number(said.trimEnd().split("\n").at(-1));
      const kept = await numbers();
      for (let index = 0; index < promised; index++) expect(kept[index]).toBe(index);
    }
  });

  test("is refused while the disk is, and the store heals with the disk", async () => {
    const store = await openStore(folder);
    const table = store.table<number>("numbers");
    await table.put("before", 1);
    const full = vi.spyOn(await fileHandles(), "appendFile").mockRejectedValue(new Error("ENOSPC: no space left on device"));
    await expect(table.put("refused", 2)).rejects.toThrow(
      `${file}: cannot be written: ENOSPC: no space left on device; free or repair its disk`,
    );
    full.mockRestore();
    await table.put("after", 3);
    expect(Object.fromEntries(await table.entries())).toEqual({ before: 1, after: 3 });
    await store.close();
    expect(await numbers()).toEqual({ before: 1, after: 3 });
  });
});

describe("a state file", () => {
  test("whose last write was cut off loses only that, and says so", async () => {
    await filled({ a: 1, b: 2 });
    const whole = readFileSync(file);
    appendFileSync(file, whole.subarray(-20, -3));
    const store = await openStore(folder);
    expect(store.warnings).toEqual([expect.stringContaining(`a write was cut off at byte ${whole.length}`)]);
    await store.close();
    expect(await numbers()).toEqual({ a: 1, b: 2 });
  });

  test("damaged in its middle is refused by name, with what to do and what it means", async () => {
    await filled({ a: 1, b: 2, c: 3 });
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('"b",2')]! ^= 1;
    writeFileSync(file, bytes);
    await expect(openStore(folder)).rejects.toThrow(
      /state\.log: the line at byte \d+ is damaged.*Put a copy of the file back, or move it away/s,
    );
  });

  test("made by something else, or by a later version, is refused and left as it is", async () => {
    writeFileSync(file, "hello\n");
    await expect(openStore(folder)).rejects.toThrow("does not begin as a state file of this version does");
    expect(readFileSync(file, "utf8")).toBe("hello\n");
  });

  test("stays small however often the same value changes", async () => {
    const store = await openStore(folder);
    const table = store.table<number>("numbers");
    for (let round = 0; round < 200; round++) await Promise.all(Array.from({ length: 500 }, (_, index) => table.put("same", index)));
    expect(statSync(file).size).toBeLessThan(500_000);
    await store.close();
    expect(await numbers()).toEqual({ same: 499 });
  });

  test("written anew loses nothing of what is put meanwhile", async () => {
    const store = await openStore(folder);
    const table = store.table<number>("numbers");
    const puts: Promise<void>[] = [];
    for (let round = 0; round < 60; round++) {
      puts.push(table.put(`once, in round ${round}`, round));
      for (let index = 0; index < 200; index++) puts.push(table.put(String(index % (50 + round)), round * 1000 + index));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await Promise.all(puts);
    const expected = Object.fromEntries(await table.entries());
    expect(readFileSync(file, "utf8").split('"numbers"').length).toBeLessThan(puts.length / 2);
    await store.close();
    expect(await numbers()).toEqual(expected);
  });

  test("is readable by its owner only", async () => {
    await filled({ a: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe("a log's file", () => {
  test("that is damaged costs its damaged lines and not the start", async () => {
    const store = await openStore(folder);
    for (const entry of ["one", "two", "three"]) await store.log("journal", 10).append(entry);
    await store.close();
    const path = join(folder, "journal.log");
    const bytes = readFileSync(path);
    bytes[bytes.indexOf("two")]! ^= 1;
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 2);
    const reopened = await openStore(folder);
    expect(await reopened.log("journal", 10).tail(10)).toEqual(["one"]);
    await reopened.close();
  });
});

describe("a state folder", () => {
  test("in use is refused to a second bootstrapper, which is told who holds it", async () => {
    const store = await openStore(folder);
    await expect(openStore(folder)).rejects.toThrow(
      `${folder}: another bootstrapper (process ${process.pid}) works with this state folder`,
    );
    await store.close();
    await (await openStore(folder)).close();
  });

  test("whose holder was killed is free at once", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, "crash-child.ts"), folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await expect(openStore(folder)).rejects.toThrow(`another bootstrapper (process ${child.pid})`);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    await (await openStore(folder)).close();
  });

  test("raced for by several is held by exactly one", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => openStore(folder)));
    const winners = tries.filter((one) => one.status === "fulfilled");
    expect(winners).toHaveLength(1);
    await winners[0]!.value.close();
  });

  test("that cannot be made says so", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(openStore(join(folder, "file", "state"))).rejects.toThrow("the state folder cannot be made");
    mkdirSync(join(folder, "x".repeat(90)));
    await expect(openStore(join(folder, "x".repeat(90)))).rejects.toThrow("the path of the state folder is too long");
  });
});
