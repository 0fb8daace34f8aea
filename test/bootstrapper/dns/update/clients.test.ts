/** Other people's programs write to our zone and copy it. Debian: bind9-dnsutils (nsupdate, dig), knot-dnsutils (kdig), python3-dnspython. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../../../../bootstrapper/store/file-store.ts";
import type { Store } from "../../../../bootstrapper/store/store.ts";
import { ipv4, subnet } from "../../../../cluster/address.ts";
import { described, key, keyText, record, SECRET, type Serving, serveDns } from "../../../support/dns.ts";

const run = promisify(execFile);
const KEYS = [key("k1.cluster.lab"), key("reader", ["transfer"], "hmac-sha512"), key("writer", ["update"], "hmac-sha384")];
const dns = { keys: KEYS, records: [record("static.cluster.lab", { type: "A", address: ipv4("10.0.0.7") })] };
let folder: string;
let store: Store;
let server: Serving;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dns-"));
  for (const { name, algorithm } of KEYS) await writeFile(join(folder, `${name}.key`), keyText(name, algorithm), { mode: 0o600 });
  store = await openStore(join(folder, "state"));
  server = await serveDns({ described: { dns }, store });
});
afterEach(async () => {
  await server.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** What nsupdate says: nothing, or why not. */
async function nsupdate(
  lines: readonly string[],
  options: readonly string[] = ["-k", join(folder, "k1.cluster.lab.key")],
): Promise<string> {
  const file = join(folder, "update.txt");
  await writeFile(file, `${[`server 127.0.0.1 ${server.port}`, "zone cluster.lab", ...lines, "send"].join("\n")}\n`);
  return run("nsupdate", ["-t", "5", ...options, file]).then(
    ({ stdout, stderr }) => `${stdout}${stderr}`.trim(),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`.trim().replaceAll("\n", " "),
  );
}
const secret = (name: string, from: Buffer = SECRET, algorithm = "hmac-sha256"): string[] => [
  "-y",
  `${algorithm}:${name}:${from.toString("base64")}`,
];
async function dig(...question: string[]): Promise<string[]> {
  const { stdout } = await run("dig", [
    "@127.0.0.1",
    "-p",
    String(server.port),
    "+tries=1",
    "+time=5",
    "+noall",
    "+answer",
    "+onesoa",
    ...question,
  ]);
  return stdout
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(";"))
    .map((line) => line.replace(/\s+/g, " "));
}
const short = (name: string, type = "A"): Promise<string[]> => dig(name, type, "+short");
const serial = async (): Promise<number> => Number((await dig("cluster.lab", "SOA", "+short"))[0]!.split(" ")[2]);
const told = (): string[] => server.entries.map(({ level, text }) => `${level}: ${text}`);

test("nsupdate writes names, changes and deletes them, and each change raises the serial", async () => {
  const serials = [await serial()];
  expect(
    await nsupdate(["update add shop.cluster.lab 300 A 192.0.2.1", 'update add shop.cluster.lab 300 TXT "heritage=external-dns,owner=me"']),
  ).toBe("");
  expect([await short("shop.cluster.lab"), await short("shop.cluster.lab", "TXT")]).toEqual([
    ["192.0.2.1"],
    ['"heritage=external-dns,owner=me"'],
  ]);
  serials.push(await serial());
  expect(
    await nsupdate([
      "update delete shop.cluster.lab A",
      "update add shop.cluster.lab 60 A 192.0.2.2",
      "update add www.cluster.lab 60 CNAME shop.cluster.lab",
    ]),
  ).toBe("");
  expect(await short("www.cluster.lab")).toEqual(["shop.cluster.lab.", "192.0.2.2"]);
  serials.push(await serial());
  expect(await nsupdate(["update delete shop.cluster.lab", "update delete www.cluster.lab"], ["-v", ...secret("k1.cluster.lab")])).toBe("");
  expect(await short("shop.cluster.lab")).toEqual([]);
  serials.push(await serial());
  expect([...serials].sort((a, b) => a - b)).toEqual(serials);
  expect(new Set(serials).size).toBe(4);
  expect(told()).toContain(
    'info: 127.0.0.1 update cluster.lab with the key k1.cluster.lab: + shop.cluster.lab A 192.0.2.1, + shop.cluster.lab TXT "heritage=external-dns,owner=me"',
  );
});

// biome-ignore format: a table
test.each([
  { when: "it has no key",              options: [],                                              says: "update failed: REFUSED", told: "nobody may write without a key" },
  { when: "the key is unknown",         options: secret("nobody"),                                says: "BADKEY",  told: "there is no key nobody" },
  { when: "the secret is wrong",        options: secret("k1.cluster.lab", Buffer.alloc(32)),      says: "BADSIG",  told: "was not signed with the key k1.cluster.lab" },
  { when: "the algorithm is another",   options: secret("k1.cluster.lab", SECRET, "hmac-sha512"), says: "BADKEY",  told: "is for hmac-sha256, not hmac-sha512" },
  { when: "the code is cut short",      options: secret("k1.cluster.lab", SECRET, "hmac-sha256-128"), says: "BADTRUNC", told: "cut to 16 of 32 bytes" },
  { when: "the key may only read",      options: secret("reader", SECRET, "hmac-sha512"),         says: "update failed: REFUSED", told: "the key reader may not write" },
])("nsupdate is refused, and told why, when $when", async ({ options, says, told: reason }) => {
  expect(await nsupdate(["update add shop.cluster.lab 300 A 192.0.2.1"], options)).toContain(says);
  expect(told().join("\n")).toContain(reason);
  expect(await short("shop.cluster.lab")).toEqual([]);
  expect(told().join("\n")).not.toContain(SECRET.toString("base64"));
});

test("a client whose clock is an hour ahead of ours hears BADTIME", async () => {
  await server.close();
  server = await serveDns({ described: { dns }, store, now: () => Date.now() - 3_600_000 });
  expect(await nsupdate(["update add shop.cluster.lab 300 A 192.0.2.1"])).toMatch(/BADTIME|clocks are unsynchronized/);
  expect(told().join("\n")).toMatch(/its clock differs from ours by 3600 s|3599|3601/);
});

// biome-ignore format: a table
test.each([
  { lines: ["prereq nxdomain cp-1.cluster.lab", "update add a.cluster.lab 60 A 192.0.2.1"],  says: "YXDOMAIN" },
  { lines: ["prereq yxdomain a.cluster.lab", "update add a.cluster.lab 60 A 192.0.2.1"],     says: "NXDOMAIN" },
  { lines: ["prereq nxrrset cp-1.cluster.lab A", "update add a.cluster.lab 60 A 192.0.2.1"], says: "YXRRSET" },
  { lines: ["prereq yxrrset cp-1.cluster.lab A 192.0.2.9", "update add a.cluster.lab 60 A 192.0.2.1"], says: "NXRRSET" },
  { lines: ["update add cp-1.cluster.lab 60 A 192.0.2.1"],                                   says: "REFUSED" },
  { lines: ["update delete static.cluster.lab"],                                             says: "REFUSED" },
  { lines: ["update add stranger.cluster.lab 60 A 192.0.2.1"],                               says: "REFUSED" },
  { lines: ["update add example.com 60 A 192.0.2.1"],                                        says: "NOTZONE" },
  { lines: ["zone example.com", "update add www.example.com 60 A 192.0.2.1"],                says: "NOTAUTH" },
  { lines: ["prereq yxrrset cp-1.cluster.lab A 10.0.0.11", "prereq nxdomain a.cluster.lab", "update add a.cluster.lab 60 A 192.0.2.1"], says: "" },
])("nsupdate hears '$says' of: $lines", async ({ lines, says }) => {
  const answer = await nsupdate(lines);
  if (says === "") expect(answer).toBe("");
  else expect(answer).toContain(says);
  expect(await short("cp-1.cluster.lab")).toEqual(["10.0.0.11"]);
});

test("names of addresses are written into the reverse zone", async () => {
  expect(await nsupdate(["zone 0.0.10.in-addr.arpa", "update add 200.0.0.10.in-addr.arpa 60 PTR shop.cluster.lab"])).toBe("");
  expect(await dig("-x", "10.0.0.200", "+short")).toEqual(["shop.cluster.lab."]);
});

test("what was written is there after a restart, also without a farewell, and after the description changed", async () => {
  await nsupdate(
    ["update add a.cluster.lab 60 A 192.0.2.1", "update add *.b.cluster.lab 60 A 192.0.2.2", "update add cp-9.cluster.lab 60 A 192.0.2.9"],
    ["-v", "-k", join(folder, "writer.key")],
  );
  const before = await serial();
  await server.close();
  server = await serveDns({
    described: { dns: { ...dns, records: [...dns.records, record("cp-9.cluster.lab", { type: "A", address: ipv4("10.0.0.9") })] } },
    store,
  });
  expect([await short("a.cluster.lab"), await short("x.b.cluster.lab"), await short("cp-9.cluster.lab")]).toEqual([
    ["192.0.2.1"],
    ["192.0.2.2"],
    ["10.0.0.9"],
  ]);
  expect(await serial()).toBeGreaterThan(before);
  await server.reconfigure(described({ dns, domain: "other.lab" }));
  expect(await short("a.cluster.lab")).toEqual([]);
  expect(told().join("\n")).toContain("a.cluster.lab was written by an update and is in no zone of ours now");
  await server.reconfigure(described({ dns, net: subnet("10.0.0.0/16") }));
  expect([await short("a.cluster.lab"), await short("cp-9.cluster.lab")]).toEqual([["192.0.2.1"], ["192.0.2.9"]]);
});

test("dig copies the zone with a key, in as many signed messages as it takes", async () => {
  const names = Array.from(
    { length: 900 },
    (_, index) => `update add n${index}.long-enough-to-need-more-messages.cluster.lab 60 TXT "${"x".repeat(40)}"`,
  );
  expect(await nsupdate(names, ["-v", "-k", join(folder, "k1.cluster.lab.key")])).toBe("");
  const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(server.port), "-k", join(folder, "reader.key"), "cluster.lab", "AXFR"], {
    maxBuffer: 1 << 24,
  });
  expect(stdout).not.toMatch(/WARNING|verify|failed/);
  expect(Number(/messages (\d+)/.exec(stdout)![1])).toBeGreaterThan(3);
  expect(stdout.match(/long-enough/g)).toHaveLength(900);
  const lines = stdout
    .split("\n")
    .filter((line) => /\sIN\s/.test(line))
    .map((line) => line.replace(/\s+/g, " "));
  expect(lines[0]).toContain("IN SOA");
  expect(lines.at(-1)).toBe(lines[0]);
  for (const held of [
    "cluster.lab. 60 IN NS bootstrapper.cluster.lab.",
    "cp-1.cluster.lab. 60 IN A 10.0.0.11",
    "w-1.cluster.lab. 60 IN A 10.0.0.150",
    "stranger.cluster.lab. 60 IN A 10.0.0.199",
    "*.apps.cluster.lab. 60 IN A 10.0.0.150",
    "static.cluster.lab. 300 IN A 10.0.0.7",
  ])
    expect(lines).toContain(held);
});

test("IXFR brings the zone to a client that is behind, and the SOA alone to one that is not", async () => {
  const key_ = ["-k", join(folder, "reader.key")];
  expect((await dig(...key_, "cluster.lab", `IXFR=${(await serial()) - 1}`)).length).toBeGreaterThan(5);
  const current = await dig(...key_, "cluster.lab", `IXFR=${await serial()}`);
  expect(current.filter((line) => line.includes("SOA"))).toHaveLength(1);
  expect(current.some((line) => line.includes(" IN A "))).toBe(false);
});

// biome-ignore format: a table
test.each([
  { with: "no key",               options: [] },
  { with: "a wrong secret",       options: secret("reader", Buffer.alloc(32), "hmac-sha512") },
  { with: "a key that may not",   options: secret("writer", SECRET, "hmac-sha384") },
])("with $with nobody copies the zone", async ({ options }) => {
  const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(server.port), ...options, "cluster.lab", "AXFR"]);
  expect(stdout).toContain("Transfer failed");
  expect(stdout).not.toContain("10.0.0.11");
});

test("kdig copies the reverse zone and checks each signature; its ordinary questions are answered signed too", async () => {
  const options = ["@127.0.0.1", "-p", String(server.port), ...secret("k1.cluster.lab")];
  const { stdout } = await run("kdig", [...options, "0.0.10.in-addr.arpa", "AXFR"]);
  expect(stdout).toMatch(/11\.0\.0\.10\.in-addr\.arpa\.\s+60\s+IN\s+PTR\s+cp-1\.cluster\.lab\./);
  expect(stdout).toMatch(/199\.0\.0\.10\.in-addr\.arpa\.\s+60\s+IN\s+PTR\s+stranger\.cluster\.lab\./);
  const one = await run("kdig", [...options, "cp-1.cluster.lab"]);
  expect(`${one.stdout}${one.stderr}`).toContain("NOERROR");
  expect(`${one.stdout}${one.stderr}`).not.toMatch(/WARNING|invalid/i);
});

test("dnspython writes a name, and reads the whole zone as a zone", async () => {
  const program = `
import dns.name, dns.query, dns.tsigkeyring, dns.update, dns.zone
ring = dns.tsigkeyring.from_text({"k1.cluster.lab.": "${SECRET.toString("base64")}"})
update = dns.update.Update("cluster.lab", keyring=ring, keyname="k1.cluster.lab.", keyalgorithm="hmac-sha256")
update.present("cp-1", "A")
update.absent("py")
update.add("py", 60, "AAAA", "2001:db8::1")
update.add("py", 60, "SRV", "1 2 3 cp-1.cluster.lab.")
update.add("py", 60, "MX", "5 cp-1.cluster.lab.")
print(dns.query.tcp(update, "127.0.0.1", port=${"PORT"}, timeout=5).rcode())
zone = dns.zone.from_xfr(dns.query.xfr("127.0.0.1", "cluster.lab", port=${"PORT"}, keyring=ring, keyname="k1.cluster.lab.", keyalgorithm="hmac-sha256"))
print(zone["py"].to_text(dns.name.from_text("py", None)))
`.replaceAll("PORT", String(server.port));
  const { stdout } = await run("/usr/bin/python3", ["-c", program]);
  expect(stdout.trim().split("\n").sort()).toEqual(["0", "py 60 IN AAAA 2001:db8::1", "py 60 IN MX 5 cp-1", "py 60 IN SRV 1 2 3 cp-1"]);
});
