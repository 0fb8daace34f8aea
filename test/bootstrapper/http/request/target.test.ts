/** Which request targets become paths. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanTarget } from "../../../../bootstrapper/http/request/target.ts";

const clean = (raw: string) => cleanTarget(raw, 2048);

test.each([
  { raw: "/healthz", url: "/healthz" },
  { raw: "/boot/52%3A54%3A00%3A00%3A00%3A11.ipxe?x=1", url: "/boot/52%3A54%3A00%3A00%3A00%3A11.ipxe?x=1" },
  { raw: "//static///a/b", url: "/static/a/b" },
  { raw: "http://10.0.0.1/static/a", url: "/static/a" },
  { raw: "HTTPS://whoever.example:99/x?y", url: "/x?y" },
  { raw: "http://10.0.0.1", url: "/" },
  { raw: "http://10.0.0.1?q", url: "/?q" },
  { raw: "/a..b/...c", url: "/a..b/...c" },
  { raw: "/x?next=../../etc", url: "/x?next=../../etc" },
])("$raw is $url", ({ raw, url }) => {
  expect(clean(raw)).toEqual({ url });
});

test.each([
  { raw: "/static/../tls/ca-key.pem", because: "walks through" },
  { raw: "/static/%2e%2e/tls", because: "walks through" },
  { raw: "/static/./a", because: "walks through" },
  { raw: "/static/..%2ftls", because: "hides a slash" },
  { raw: "/static/%252e%252e/tls", because: "encoded twice" },
  { raw: "/static/..\\tls", because: "character" },
  { raw: "/static/..%5ctls", because: "character" },
  { raw: "/static/a%00.txt", because: "character" },
  { raw: "/static/%zz", because: "percent-encoding is broken" },
  { raw: "/static/%c3%28", because: "percent-encoding is broken" },
  { raw: "http://10.0.0.1/../etc/passwd", because: "walks through" },
  { raw: "*", because: "not a path" },
  { raw: "file:///etc/passwd", because: "not a path" },
  { raw: "", because: "not a path" },
])("$raw is none: $because", ({ raw, because }) => {
  expect(clean(raw)).toMatchObject({ status: 400, because: expect.stringContaining(because) });
});

test("what is too long is none", () => {
  expect(clean(`/${"a".repeat(2048)}`)).toMatchObject({ status: 414 });
});

test("whatever passes stays below the folder it is resolved in, and passes again unchanged", () => {
  const pieces = fc.constantFrom("/", ".", "..", "%2e", "%2f", "%5c", "\\", "%25", "2e", "a", "http://h", "?", "%00", "é", "#");
  const target = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(target, fc.string({ size: "max", maxLength: 3000 }), fc.webUrl()), (raw) => {
      const result = clean(raw);
      if (!("url" in result)) return;
      const path = decodeURIComponent(result.url.split("?")[0]!);
      expect(path.startsWith("/")).toBe(true);
      expect(new URL(`http://h${result.url.split("?")[0]}`).pathname.split("/").length).toBe(path.split("/").length);
      expect(clean(result.url)).toEqual(result);
    }),
    { numRuns: 1000 },
  );
});
