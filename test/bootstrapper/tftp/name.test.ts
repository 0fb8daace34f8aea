import { expect, test } from "vitest";
import { relativeName, shown, withoutOwnFolder } from "../../../bootstrapper/tftp/name.ts";

// biome-ignore format: a table
test.each([
  { asked: "undionly.kpxe",                      path: "undionly.kpxe" },
  { asked: "/undionly.kpxe",                     path: "undionly.kpxe" },
  { asked: "///boot//snponly-amd64.efi",         path: "boot/snponly-amd64.efi" },
  { asked: "\\boot\\x64\\wdsnbp.com",            path: "boot/x64/wdsnbp.com" },
  { asked: "./a/./b",                            path: "a/b" },
  { asked: "pxelinux.cfg/01-52-54-00-00-00-11",  path: "pxelinux.cfg/01-52-54-00-00-00-11" },
  { asked: "grub/x86_64-efi/command.lst",        path: "grub/x86_64-efi/command.lst" },
  { asked: "a..b/...c",                          path: "a..b/...c" },
  { asked: "100%",                               path: "100%" },
  { asked: "::static/vmlinuz",                   path: "static/vmlinuz" },
])("$asked is $path", ({ asked, path }) => {
  expect(relativeName(asked)).toEqual({ path });
});

// biome-ignore format: a table
test.each([
  { asked: "../etc/passwd",                because: "climbs out" },
  { asked: "a/../../etc/passwd",           because: "climbs out" },
  { asked: "..\\..\\windows\\system.ini",  because: "climbs out" },
  { asked: "/..",                          because: "climbs out" },
  { asked: "C:\\boot.ini",                 because: "drive letter" },
  { asked: "c:/boot.ini",                  because: "drive letter" },
  { asked: "%2e%2e/etc/passwd",            because: "percent escapes" },
  { asked: "..%2fetc",                     because: "percent escapes" },
  { asked: "a\nb",                         because: "control characters" },
  { asked: "a\0b",                         because: "control characters" },
  { asked: "a\ufffd",                      because: "control characters" },
  { asked: "",                             because: "names no file" },
  { asked: "/",                            because: "names no file" },
  { asked: "boot/",                        because: "names no file" },
  { asked: "a".repeat(300),                because: "longer than 255" },
])("$asked is refused: $because", ({ asked, because }) => {
  expect(relativeName(asked)).toEqual({ because: expect.stringContaining(because) });
});

// biome-ignore format: a table
test.each([
  { path: "1a2b3c4d/config.txt",                                below: "config.txt" },
  { path: "52-54-00-00-00-11/overlays/disable-bt.dtbo",         below: "overlays/disable-bt.dtbo" },
  { path: "564d0a31-9c2f-11ee-8c90-0242ac120002/vmlinuz",       below: "vmlinuz" },
  { path: "1a2b3c4d",                                           below: undefined },
  { path: "boot/config.txt",                                    below: undefined },
  { path: "x/1a2b3c4d/config.txt",                              below: undefined },
])("without the folder a machine has for itself, $path is $below", ({ path, below }) => {
  expect(withoutOwnFolder(path)).toBe(below);
});

test("a log shows a client's words short and printable", () => {
  expect(shown("a\x1b[31mb\nc")).toBe("a?[31mb?c");
  expect(shown("x".repeat(500))).toBe(`${"x".repeat(100)}...`);
});
