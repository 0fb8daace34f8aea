import { expect, test } from "vitest";
import { Saves } from "../../../bsroot-builder/write/saves.ts";

/** A file whose writing takes as long as what is in it; the clock is ours. */
function growing() {
  let time = 0;
  const wants: number[] = [];
  const files: number[] = [];
  const saves = new Saves(
    async () => {
      files.push(wants.length);
      time += wants.length;
      await new Promise((resolve) => setImmediate(resolve));
    },
    () => time,
  );
  const add = (): Promise<void> => {
    wants.push(time);
    return saves.soon();
  };
  const pass = (milliseconds: number): void => {
    time += milliseconds;
  };
  return { saves, add, pass, files };
}

test("what comes now and then is written at once", async () => {
  const { add, pass, files } = growing();
  for (let index = 0; index < 4; index++) {
    await add();
    pass(2000);
  }
  expect(files).toEqual([1, 2, 3, 4]);
});

test("of many things in a row few are waited for, and the last call brings all of them to the file", async () => {
  const { saves, add, pass, files } = growing();
  for (let index = 0; index < 10_000; index++) {
    await add();
    pass(5);
  }
  expect(files.length).toBeLessThan(40);
  await saves.all();
  expect(files.at(-1)).toBe(10_000);
  const written = files.length;
  await saves.all();
  expect(files.length).toBe(written);
});

test("a write that fails is tried again by the next", async () => {
  let fails = true;
  const done: number[] = [];
  const saves = new Saves(async () => {
    if (fails) throw new Error("the disk is full");
    done.push(1);
  });
  await expect(saves.soon()).rejects.toThrow("full");
  fails = false;
  await saves.all();
  expect(done).toEqual([1]);
});
