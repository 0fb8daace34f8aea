import { expect, test } from "vitest";
import { progressOn } from "../../../bsroot-builder/download/progress.ts";

function screen(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  const progress = progressOn({ write: (text) => void written.push(text), isTTY, columns: 60 }, () => time);
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { progress, written, pass };
}

test("without a terminal there is a line at the beginning, at the end, and every ten seconds", () => {
  const { progress, written, pass } = screen(false);
  for (let second = 0; second <= 25; second += 1) {
    progress.moved("image", second * 4, 100);
    pass(1000);
  }
  progress.done("image", "fetched");
  expect(written.join("")).toBe(
    "image: begins 0 % of 100 bytes\nimage: at 40 % of 100 bytes\nimage: at 80 % of 100 bytes\nimage: fetched\n",
  );
});

test("without a terminal no line is ever taken back", () => {
  const { progress, written } = screen(false);
  progress.moved("image", 5, undefined);
  progress.say("hello");
  progress.close();
  expect(written.join("")).toBe("image: at 5 bytes\nhello\n");
});

test("on a terminal each download has one line that is redrawn, with its rate", () => {
  const { progress, written, pass } = screen(true);
  progress.moved("a", 0, 1000);
  pass(1000);
  progress.moved("a", 500, 1000);
  pass(1000);
  progress.moved("b", 0, undefined);
  expect(lastScreen(written)).toEqual(["  a 50 % of 1.0 KB  250 bytes/s", "  b 0 bytes  0 bytes/s"]);
  progress.done("a", "fetched");
  expect(lastScreen(written)).toEqual(["a: fetched", "  b 0 bytes  0 bytes/s"]);
  progress.close();
  expect(lastScreen(written)).toEqual(["a: fetched"]);
});

test("no line is wider than the terminal, or taking it back would leave rubbish", () => {
  const { progress, written } = screen(true);
  progress.moved("html/static/flatcar/amd64-usr/4593.2.5/flatcar_production_image.bin.bz2", 1e9, 2e9);
  for (const line of lastScreen(written)) expect(line.length).toBeLessThan(60);
});

const ESC = "\u001b";

/** What a terminal shows after ESC [ n A (up) and ESC [ J (clear below). */
function lastScreen(written: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const part of written) {
    const up = part.startsWith(`${ESC}[`) ? Number.parseInt(part.slice(2), 10) : 0;
    if (up > 0) lines.splice(lines.length - up);
    else lines.push(part.replace(/\n$/, ""));
  }
  return lines;
}
