/** Names written with a key of the bsroot, in the real program, and through the worst end it can have. Debian: bind9-dnsutils. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { layout } from "../../../cluster/layout.ts";
import { DESCRIPTION } from "../../support/description.ts";
import { Rig } from "./rig.ts";

const run = promisify(execFile);
const SECRET = Buffer.from("a secret that is 32 bytes long:)").toString("base64");
let rig: Rig;
let keyFile: string;
beforeAll(async () => {
  rig = await Rig.make(
    `${DESCRIPTION}dns:\n  records: ["registry A 127.0.0.9", "www CNAME registry"]\n  keys: [{ name: external-dns, may: [update, transfer] }]\n`,
  );
  keyFile = join(rig.bsroot, layout.tls.tsigKey("external-dns"));
  mkdirSync(join(keyFile, ".."), { recursive: true });
  writeFileSync(keyFile, `key "external-dns" {\n\talgorithm hmac-sha256;\n\tsecret "${SECRET}";\n};\n`, { mode: 0o600 });
  await rig.start("--probe", "off", "--time", "off");
});
afterAll(() => rig.remove());

const dig = async (...words: string[]): Promise<string> =>
  (await run("dig", ["@127.0.0.1", "-p", String(rig.ports.dns), "+tries=1", "+short", ...words])).stdout.trim();
async function nsupdate(...lines: string[]): Promise<void> {
  const file = join(rig.folder, "update");
  writeFileSync(file, [`server 127.0.0.1 ${rig.ports.dns}`, ...lines, "send", ""].join("\n"));
  await run("nsupdate", ["-k", keyFile, file]);
}

test("the description's records and its machines are there, and /healthz says that the DNS serves", async () => {
  expect(await dig("www.demo.lan")).toBe("registry.demo.lan.\n127.0.0.9");
  expect((await rig.plain("/healthz")).text).toMatch(/^dns: serving demo\.lan, \d+ answered$/m);
});

test("a name is there once nsupdate has heard so, whatever becomes of the program, and its secret is in no log", async () => {
  const domain = (await dig("-k", keyFile, "demo.lan", "SOA")).split(" ");
  await nsupdate("zone demo.lan", "update add shop.demo.lan 300 A 192.0.2.1");
  await rig.stop("SIGKILL");
  await rig.start("--probe", "off", "--time", "off");
  expect(await dig("shop.demo.lan")).toBe("192.0.2.1");
  expect(Number((await dig("demo.lan", "SOA")).split(" ")[2])).toBeGreaterThan(Number(domain[2]));
  expect(await dig("-k", keyFile, "demo.lan", "AXFR")).toContain("192.0.2.1");
  expect(rig.output).not.toContain(SECRET);
});
