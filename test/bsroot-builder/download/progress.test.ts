import { describe, expect, test } from "vitest";
import { eventsTo } from "../../../bsroot-builder/download/events.ts";
import { progressOn } from "../../../bsroot-builder/download/progress.ts";

function screen(isTTY: boolean, columns = 60) {
  const written: string[] = [];
  let time = 0;
  const progress = progressOn({ write: (text) => void written.push(text), isTTY, columns }, () => time);
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { progress, written, pass };
}
const fetched = (size: number) => ({ how: "fetched", size, because: "it is new" }) as const;
const ESC = "\u001b";

describe("without a terminal", () => {
  test("a file has one line when it is done, and before that one every ten seconds", () => {
    const { progress, written, pass } = screen(false);
    progress.expect([{ path: "image", size: 100 }]);
    for (let second = 0; second <= 25; second += 1) {
      progress.moved("image", second * 4, 100);
      pass(1000);
    }
    progress.done("image", fetched(100));
    progress.close();
    expect(written.join("")).toBe("image: at 40 % of 100 bytes\nimage: at 80 % of 100 bytes\nimage: fetched, 100 bytes: it is new\n");
  });

  test("no line is ever taken back, and none moves a cursor, whatever a source says", () => {
    const { progress, written } = screen(false);
    progress.say(`redirects to ${ESC}[2J\r\nhttp://elsewhere`);
    expect(written.join("")).toBe("redirects to ?[2J??http://elsewhere\n");
  });
});

describe("on a terminal", () => {
  test("the running downloads and all together are shown, with rate and remaining time", () => {
    const { progress, written, pass } = screen(true, 80);
    progress.expect([
      { path: "a", size: 1_000_000 },
      { path: "b", size: 3_000_000 },
    ]);
    progress.moved("a", 0, 1_000_000);
    pass(1000);
    progress.moved("a", 500_000, 1_000_000);
    pass(1000);
    progress.moved("b", 0, 3_000_000);
    expect(lastScreen(written)).toEqual([
      "  a 50 % of 1.0 MB",
      "  b 0 % of 3.0 MB",
      "  0 of 2 files, 500.0 KB of 4.0 MB, 250.0 KB/s, 14 s left",
    ]);
    progress.done("a", fetched(1_000_000));
    progress.close();
    expect(lastScreen(written)).toEqual([]);
  });

  test("what an earlier run left is not counted as speed", () => {
    const { progress, written, pass } = screen(true, 80);
    progress.expect([{ path: "a", size: 2_000_000 }]);
    progress.moved("a", 1_000_000, 2_000_000);
    pass(1000);
    progress.moved("a", 1_100_000, 2_000_000);
    expect(lastScreen(written).at(-1)).toBe("  0 of 1 files, 1.1 MB of 2.0 MB, 100.0 KB/s, 9 s left");
  });

  test("as long as one size is unknown, no time is promised", () => {
    const { progress, written, pass } = screen(true, 80);
    progress.expect([{ path: "a", size: 10 }, { path: "b" }]);
    progress.moved("a", 0, 10);
    pass(1000);
    progress.moved("a", 5, 10);
    expect(lastScreen(written).at(-1)).toBe("  0 of 2 files, 5 bytes, 5 bytes/s");
  });

  test("ten thousand small files leave no line each, what is large or failed does, and the display is written a few times a second", () => {
    const { progress, written, pass } = screen(true);
    for (let file = 0; file < 10_000; file++) {
      progress.moved(`file-${file}`, 0, 10);
      progress.done(`file-${file}`, fetched(10));
      pass(1);
    }
    expect(written.length).toBeLessThan(100);
    progress.moved("image", 0, 2e9);
    progress.done("image", fetched(2e9));
    progress.moved("other", 0, 10);
    progress.done("other", { how: "failed", because: "404" });
    progress.close();
    expect(lastScreen(written)).toEqual(["image: fetched, 2.0 GB: it is new", "other: failed"]);
  });

  test("no line is wider than the terminal, or taking it back would leave rubbish, and no more than a few are shown", () => {
    const { progress, written, pass } = screen(true);
    for (let file = 0; file < 50; file++) {
      pass(1000);
      progress.moved(`html/static/flatcar/amd64-usr/4593.2.5/flatcar_production_image_${file}.bin.bz2`, 1e9, 2e9);
    }
    for (const line of lastScreen(written)) expect(line.length).toBeLessThan(60);
    expect(lastScreen(written)).toHaveLength(10);
    expect(lastScreen(written)[8]).toBe("  and 42 more");
  });
});

test("a program is told a file's progress once a second at most", () => {
  const written: string[] = [];
  let time = 0;
  const progress = eventsTo(
    (text) => void written.push(text),
    () => time,
  );
  for (; time < 3000; time += 100) progress.moved("image", time, 3000);
  expect(written.map((text) => JSON.parse(text))).toEqual([
    { version: 1, event: "progress", path: "image", received: 1000, size: 3000 },
    { version: 1, event: "progress", path: "image", received: 2000, size: 3000 },
  ]);
});

/** What a terminal shows after ESC [ n A (up) and ESC [ J (clear below). */
function lastScreen(written: readonly string[]): readonly string[] {
  let lines: string[] = [];
  for (const part of written) {
    const up = part.startsWith(`${ESC}[`) ? Number.parseInt(part.slice(2), 10) : 0;
    if (up > 0) lines = lines.slice(0, lines.length - up);
    lines.push(
      ...part
        .slice(part.indexOf("J") + 1 && up > 0 ? part.indexOf("J") + 1 : 0)
        .split("\n")
        .slice(0, -1),
    );
  }
  return lines;
}
