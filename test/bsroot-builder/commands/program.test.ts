import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../bsroot-builder/commands/program.ts";
import { jsonSchema } from "../../../cluster/json-schema.ts";
import { description, openWorkshop, registryOf, type Workshop } from "../../support/workshop.ts";

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

const registry = () => registryOf(() => [{ path: "html/static/image", url: `file://${shop.path("image")}`, verify: { by: "first-use" } }]);

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const heard = { stdout: "", stderr: "" };
  const out = (text: string) => {
    heard.stdout += text;
  };
  const write = (text: string) => {
    heard.stderr += text;
  };
  const code = await run(args, registry(), { out, screen: { write, isTTY: false, columns: 80 } });
  return { code, ...heard };
}
const file = () => shop.path("cluster-desc.yml");
const lines = (text: string): unknown[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const usage = expect.stringContaining("Usage: bsroot-builder");

describe("exit codes:", () => {
  test("0 for help", async () => {
    expect(await cli("--help")).toMatchObject({ code: 0, stdout: usage });
    expect(await cli("build", "--help")).toMatchObject({ code: 0, stdout: usage });
  });

  test.each([
    [[]],
    [["bild"]],
    [["build", "--jobs", "0"]],
    [["build", "--jobs", "4.5"]],
    [["build", "a", "b"]],
    [["render"]],
    [["render", "x", "--what", "all"]],
    [["verify", "--fast"]],
  ])("2 for wrong use %j", async (args) => {
    expect(await cli(...args)).toMatchObject({ code: 2, stdout: "", stderr: usage });
  });

  test("1 for a description with mistakes, all of them", async () => {
    await shop.put("cluster-desc.yml", description().replaceAll("10.77.0.1", "10.99.0.1"));
    const { code, stderr } = await cli("check", file());
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").length).toBeGreaterThan(1);
    expect(await cli("build", file(), "--out", shop.path("bsroot"))).toEqual({ code: 1, stdout: "", stderr });
  });

  test("1 for a description that is not there, with the way out", async () => {
    expect(await cli("check", shop.path("nothing.yml"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nothing.yml: cannot be read \(ENOENT\); bsroot-builder init writes one to start from\n$/),
    });
  });

  test("1 for a description that cannot be one, unread", async () => {
    await shop.put("huge.yml", "#".repeat(17 << 20));
    expect(await cli("check", shop.path("huge.yml"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has 17.8 MB; a cluster description is/),
    });
    expect(await cli("check", shop.folder)).toMatchObject({ code: 1, stderr: expect.stringMatching(/cannot be read \(EISDIR\)/) });
  });

  test("1 for a bsroot that is broken or not there", async () => {
    expect(await cli("verify", shop.path("nothing"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("manifest.json: is missing"),
    });
  });

  test("1 for a bsroot that cannot be written, naming the path", async () => {
    await shop.put("in-the-way", "a file");
    expect(await cli("build", file(), "--out", shop.path("in-the-way/bsroot"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("in-the-way"),
    });
  });

  test("1 for certificates that are not as they were left, before anything is fetched", async () => {
    await shop.put("bsroot/tls/api-token", "");
    expect(await cli("build", file(), "--out", shop.path("bsroot"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^tls\/api-token is not/),
    });
  });
});

test("init writes a starter once and never over it", async () => {
  const fresh = shop.path("new.yml");
  expect(await cli("init", fresh)).toMatchObject({ code: 0, stdout: expect.stringContaining(`wrote ${fresh}`) });
  const text = await shop.read("new.yml");
  expect(await cli("init", fresh)).toMatchObject({ code: 1, stderr: expect.stringContaining("is there already and stays as it is") });
  expect(await shop.read("new.yml")).toBe(text);
  expect(await cli("init", shop.path("no/folder/x.yml"))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("cannot be written (ENOENT)"),
  });
});

test("check says what a good description amounts to", async () => {
  expect(await cli("check", file())).toEqual({ code: 0, stdout: `${file()}: good; cluster demo with 2 machines\n`, stderr: "" });
});

test("check tells what a description has beyond the plain case", async () => {
  await shop.put("cluster-desc.yml", description({ dns: "{ keys: [{ name: externaldns, may: [update] }] }" }));
  expect((await cli("check", file())).stdout).toBe(
    `${file()}: good; cluster demo with 2 machines\n  DNS key externaldns (hmac-sha256) may update the zone\n`,
  );
});

test("what DHCP says can be seen before anything is built", async () => {
  await shop.put("cluster-desc.yml", description({ os: "{ target: flatcar }" }));
  const shown = await cli("render", "52:54:00:00:00:12", "--file", file(), "--what", "dhcp");
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^address 10\.77\.0\.12\n.*host-name worker-1\n/s) });
});

test("build tells of a key as it does of a certificate", async () => {
  await shop.put("image", "bytes");
  const key = "{ name: externaldns, may: [update] }";
  const withKeys = (keys: string) =>
    shop.read("cluster-desc.yml").then((text) => shop.put("cluster-desc.yml", text.replace(/^dns: .*$/m, `dns: { keys: [${keys}] }`)));
  await withKeys(key);
  const built = await cli("build", file(), "--out", shop.path("bsroot"));
  expect(built.stdout).toContain("key tls/dns/externaldns.key: it is new\n");
  const { files } = await shop.manifest();
  expect(files.find(({ path }) => path === "tls/dns/externaldns.key")).toMatchObject({ secret: true });
  await withKeys("");
  const again = await cli("build", file(), "--out", shop.path("bsroot"));
  expect(again.stdout).toContain("key tls/dns/externaldns.key: it is not in the description any more\n");
});

test("warnings go beside the result, not into it", async () => {
  await shop.put("cluster-desc.yml", description({ os: "{ target: raw-image, image: http://x/i, kernel: file:///k, initrd: file:///i }" }));
  expect(await cli("check", file())).toMatchObject({
    code: 0,
    stdout: expect.not.stringContaining("warning"),
    stderr: expect.stringMatching(/^warning: .*HTTP/),
  });
});

test("build answers in words or as JSON, and what happens meanwhile goes to standard error", async () => {
  await shop.put("image", "bytes");
  const words = await cli("build", file(), "--out", shop.path("bsroot"));
  expect(words).toMatchObject({ code: 0, stdout: `${shop.path("bsroot")}: 1 file fetched, 0 kept, 0 removed\n` });
  expect(words.stderr).toContain("html/static/image: fetched, 5 bytes: it is new\n");
  const json = await cli("build", file(), "--out", shop.path("bsroot"), "--json", "--no-cache");
  expect(lines(json.stdout)).toEqual([
    {
      version: 1,
      event: "result",
      bsroot: shop.path("bsroot"),
      kept: 1,
      fetched: [],
      reused: [],
      removed: [],
      certificates: [],
      keys: [],
      warnings: [],
    },
  ]);
  expect(await cli("verify", shop.path("bsroot"))).toMatchObject({ code: 0, stdout: expect.stringMatching(/: good, \d+ files\n$/) });
});

test("a program hears on standard output what is to come, what came, and in the end what was built", async () => {
  await shop.put("image", "bytes");
  const { stdout } = await cli("build", file(), "--out", shop.path("bsroot"), "--json", "--no-cache");
  expect(lines(stdout)).toEqual([
    { version: 1, event: "expect", path: "html/static/image" },
    { version: 1, event: "done", path: "html/static/image", how: "fetched", size: 5, because: "it is new" },
    expect.objectContaining({ version: 1, event: "result", fetched: ["html/static/image"] }),
  ]);
});

test("a program hears on standard output what went wrong, and everybody else on standard error", async () => {
  const { code, stdout, stderr } = await cli("build", file(), "--out", shop.path("bsroot"), "--json", "--no-cache");
  const why = expect.stringMatching(/^html\/static\/image: file:.*there is no such file/);
  expect(code).toBe(1);
  expect(lines(stdout)).toEqual([
    { version: 1, event: "expect", path: "html/static/image" },
    { version: 1, event: "done", path: "html/static/image", how: "failed", because: why },
    { version: 1, event: "error", message: why },
  ]);
  expect(stderr).toMatch(/there is no such file/);
});

test("schema prints the JSON Schema", async () => {
  expect(JSON.parse((await cli("schema")).stdout)).toEqual(jsonSchema());
});

test("render takes a MAC in any spelling, and the CA from the bsroot", async () => {
  await shop.put("image", "x");
  const ca = createHash("sha256")
    .update((await shop.read("bsroot/tls/ca.pem")).trim())
    .digest("hex");
  const { code, stdout } = await cli("render", "52-54-00-00-00-12", "--file", file(), "--bsroot", shop.path("bsroot"), "--what", "plan");
  const plan = JSON.parse(stdout);
  expect([code, plan.machine.name]).toEqual([0, "worker-1"]);
  const shown = plan.files.find(({ path }: { path: string }) => path === "/etc/sextant/ca.pem").content.text;
  expect(createHash("sha256").update(shown.trim()).digest("hex")).toBe(ca);
  expect(await cli("render", "52:54:00", "--file", file())).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is not a MAC address; write six pairs/),
  });
});
