import fc from "fast-check";
import { expect, test } from "vitest";
import { SerialLines } from "../../vm-cluster/serial-lines.ts";

const read = (...parts: readonly string[]): readonly string[] => {
  const lines = new SerialLines();
  return [...parts.flatMap((part) => lines.push(part)), ...lines.flush()];
};

test.each([
  { when: "a kernel ends its lines with CR and LF", send: "one\r\ntwo\r\n", expected: ["one", "two"] },
  {
    when: "systemd paints its words",
    send: "[\x1b[0;32m  OK  \x1b[0m] Started ssh.service\r\n",
    expected: ["[  OK  ] Started ssh.service"],
  },
  { when: "GRUB puts words where it likes", send: "\x1b[2J\x1b[1;1Hfirst\x1b[5;1Hsecond", expected: ["first", "second"] },
  { when: "iPXE counts up and takes it back", send: "image... 10%\b\b\b20%\b\b\bok\n", expected: ["image... ok"] },
  { when: "a title is set, as systemd does", send: "\x1b]3008;start=abc\x07hello\n", expected: ["hello"] },
  { when: "a machine is switched off in mid-line", send: "half a li", expected: ["half a li"] },
  { when: "there is nothing to see", send: "\r\n \r\n\x1b[0m\x07\n", expected: [] },
])("when $when, the lines are $expected", ({ send, expected }) => {
  expect(read(send)).toEqual(expected);
});

test("where the bytes happen to be cut does not matter", () => {
  const piece = fc.constantFrom("word", " ", "\n", "\r\n", "\x1b[0;32m", "\x1b[2J", "\x1b[10;1H", "\x1b(B", "\x1bc");
  fc.assert(
    fc.property(fc.array(piece, { size: "max", maxLength: 60 }), fc.nat(), (pieces, cut) => {
      const text = pieces.join("");
      const at = text.length === 0 ? 0 : cut % text.length;
      expect(read(text.slice(0, at), text.slice(at))).toEqual(read(text));
    }),
  );
});

test("no control character survives, and no line is longer than 2000", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", size: "max", maxLength: 3000 }), { maxLength: 4 }), (parts) => {
      for (const line of read(...parts)) {
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(line.length).toBeLessThanOrEqual(2000);
      }
    }),
  );
});

test("a machine that never ends its line fills no memory", () => {
  const lines = new SerialLines();
  const heard = Array.from({ length: 100 }, () => lines.push("x".repeat(1000))).flat();
  expect(heard.length).toBeGreaterThan(30);
});
