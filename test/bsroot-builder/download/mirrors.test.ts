import fc from "fast-check";
import { expect, test } from "vitest";
import { isLocal, locate } from "../../../bsroot-builder/download/mirrors.ts";

const FLATCAR = "https://stable.release.flatcar-linux.net";
const URL = `${FLATCAR}/amd64-usr/4593.2.5/version.txt`;

test.each([
  { when: "no mirror is named", mirrors: [], gives: URL },
  {
    when: "a mirror server is",
    mirrors: [{ from: FLATCAR, to: "https://mirror.lan/flatcar" }],
    gives: "https://mirror.lan/flatcar/amd64-usr/4593.2.5/version.txt",
  },
  {
    when: "both end with a slash",
    mirrors: [{ from: `${FLATCAR}/`, to: "https://mirror.lan/" }],
    gives: "https://mirror.lan/amd64-usr/4593.2.5/version.txt",
  },
  { when: "a file URL is", mirrors: [{ from: FLATCAR, to: "file:///mnt/usb" }], gives: "file:///mnt/usb/amd64-usr/4593.2.5/version.txt" },
  {
    when: "an absolute folder is",
    mirrors: [{ from: FLATCAR, to: "/mnt/usb disk" }],
    gives: "file:///mnt/usb%20disk/amd64-usr/4593.2.5/version.txt",
  },
  {
    when: "a folder beside the description is",
    mirrors: [{ from: FLATCAR, to: "./mirror" }],
    gives: "file:///home/me/rack/mirror/amd64-usr/4593.2.5/version.txt",
  },
  { when: "a folder above it is", mirrors: [{ from: FLATCAR, to: "../m" }], gives: "file:///home/me/m/amd64-usr/4593.2.5/version.txt" },
  { when: "the one file is", mirrors: [{ from: URL, to: "https://mirror.lan/v" }], gives: "https://mirror.lan/v" },
  {
    when: "two fit, the longer one counts",
    mirrors: [
      { from: FLATCAR, to: "https://a" },
      { from: `${FLATCAR}/amd64-usr`, to: "https://b" },
      { from: "https://stable", to: "https://c" },
    ],
    gives: "https://b/4593.2.5/version.txt",
  },
  { when: "its prefix ends inside a name", mirrors: [{ from: `${FLATCAR}/amd64`, to: "https://a" }], gives: URL },
])("$when: $gives", ({ mirrors, gives }) => {
  expect(locate(URL, mirrors, "/home/me/rack")).toBe(gives);
});

test("a folder holds files by their names, not as URLs spell them", () => {
  const mirrors = [{ from: "https://x", to: "./m" }];
  expect(locate("https://x/a%20b%2Bc", mirrors, "/f")).toBe("file:///f/m/a%20b+c");
  expect(locate("https://x/100%", mirrors, "/f")).toBe("file:///f/m/100%25");
});

test("a path without a scheme is a file beside the description", () => {
  expect(locate("images/node.img", [], "/home/me")).toBe("file:///home/me/images/node.img");
  expect(isLocal("images/node.img")).toBe(true);
  expect(isLocal("file:///x")).toBe(true);
  expect(isLocal("HTTPS://x")).toBe(false);
});

test("a mirror changes what lies below it and nothing else, and always to an absolute URL", () => {
  const path = fc.stringMatching(/^(\/[a-z0-9.]{1,5}){1,4}$/);
  fc.assert(
    fc.property(path, path, fc.boolean(), (prefix, rest, below) => {
      const url = `https://x${below ? prefix : ""}${rest}`;
      const found = locate(url, [{ from: `https://x${prefix}`, to: "https://mirror" }], "/");
      const covered = url === `https://x${prefix}` || url.startsWith(`https://x${prefix}/`);
      expect(found).toBe(covered ? `https://mirror${url.slice(`https://x${prefix}`.length)}` : url);
    }),
  );
});
