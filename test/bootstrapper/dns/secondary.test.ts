/** BIND copies our zones with its key, as a secondary does, and then answers the same questions as we do. Debian: bind9, bind9-dnsutils. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ipv4 } from "../../../cluster/address.ts";
import { key, keyText, record, type Serving, serveDns } from "../../support/dns.ts";
import { freePort } from "../../support/free-port.ts";
import { end } from "../../support/namespaces.ts";

const run = promisify(execFile);
const KEY = key("copier", ["transfer", "update"], "hmac-sha512");
let folder: string;
let ours: Serving;
let bind: ChildProcess;
let bindPort: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "secondary-"));
  const records = [
    record("www.cluster.lab", { type: "CNAME", target: "shop.cluster.lab" }),
    record("shop.cluster.lab", { type: "CNAME", target: "cp-1.cluster.lab" }),
    record("lost.cluster.lab", { type: "CNAME", target: "nobody.cluster.lab" }),
    record("six.cluster.lab", { type: "AAAA", address: "2001:db8::1" }),
    record("_etcd._tcp.cluster.lab", { type: "SRV", priority: 0, weight: 5, port: 2379, target: "cp-1.cluster.lab" }),
    record("*.wild.cluster.lab", { type: "TXT", texts: ["a", "b"] }),
    record("real.wild.cluster.lab", { type: "A", address: ipv4("10.0.0.77") }),
    record("x.deep.wild.cluster.lab", { type: "A", address: ipv4("10.0.0.78") }),
    record("*.alias.cluster.lab", { type: "CNAME", target: "api.cluster.lab" }),
    record("sub.cluster.lab", { type: "NS", target: "ns.sub.cluster.lab" }),
    record("ns.sub.cluster.lab", { type: "A", address: ipv4("10.0.0.53") }),
    record("200.0.0.10.in-addr.arpa", { type: "PTR", target: "real.wild.cluster.lab" }),
  ];
  ours = await serveDns({ described: { dns: { records, keys: [KEY] } } });
  const update = join(folder, "update");
  await writeFile(join(folder, "key"), keyText(KEY.name, KEY.algorithm));
  await writeFile(
    update,
    `server 127.0.0.1 ${ours.port}\nzone cluster.lab\nupdate add a.b.written.cluster.lab 60 A 192.0.2.1\nupdate add *.b.written.cluster.lab 60 MX 5 cp-1.cluster.lab\nsend\n`,
  );
  await run("nsupdate", ["-k", join(folder, "key"), update]);
  bindPort = await freePort();
  const zone = (name: string): string =>
    `zone "${name}" { type secondary; file "${folder}/${name}"; masterfile-format text; primaries port ${ours.port} { 127.0.0.1 key copier; }; };`;
  const options = `directory "${folder}"; pid-file none; session-keyfile none; listen-on port ${bindPort} { 127.0.0.1; }; listen-on-v6 { none; };
    recursion no; minimal-responses no; notify no; dnssec-validation no; managed-keys-directory "${folder}";`;
  await writeFile(
    join(folder, "named.conf"),
    `include "${folder}/key";\noptions { ${options} };\ncontrols { };\n${zone("cluster.lab")}\n${zone("0.0.10.in-addr.arpa")}\n`,
  );
  bind = spawn("named", ["-g", "-c", join(folder, "named.conf"), "-n", "1"], { stdio: ["ignore", "ignore", "ignore"] });
  await vi.waitFor(() => Promise.all(["cluster.lab", "0.0.10.in-addr.arpa"].map((name) => readFile(join(folder, name)))), {
    timeout: 20_000,
    interval: 100,
  });
}, 60_000);
afterAll(async () => {
  await end(bind);
  await ours.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a server says to all questions: for each its code, authority and the records of the answer and authority sections, in any order. */
async function said(port: number, questions: readonly string[]): Promise<string[]> {
  const file = join(folder, `questions-${port}`);
  await writeFile(file, questions.map((question) => `${question} +norecurse +nocookie +tries=1 +time=5\n`).join(""));
  const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(port), "-f", file], { maxBuffer: 1 << 24 });
  return stdout.split("; <<>> DiG").slice(1).map(summary);
}

function summary(text: string): string {
  const authority = /flags: ([a-z ]+);/.exec(text)![1]!.split(" ").includes("aa") ? "aa" : "";
  const sections = [...text.matchAll(/;; (ANSWER|AUTHORITY) SECTION:\n((?:.+\n)+)/g)];
  const records = sections.flatMap(([, name, lines]) =>
    lines!
      .trim()
      .split("\n")
      .map((line) => `${name} ${line.replace(/\s+/g, " ")}`),
  );
  // BIND also says who serves the zone; and the TTL of a SOA that denies is each server's own business.
  const told = records
    .filter((line) => !/^AUTHORITY (cluster\.lab|0\.0\.10\.in-addr\.arpa)\. .* NS/.test(line))
    .map((line) => line.replace(/^(AUTHORITY \S+) \d+ IN SOA .*/, "$1 SOA"));
  return [/status: (\w+)/.exec(text)![1]!, authority, ...told.sort()].join("; ");
}

// biome-ignore format: a list
const names = [
  "cluster.lab", "cp-1", "w-1", "stranger", "nobody", "api", "apps", "x.apps", "x.y.apps", "52-54-00-00-00-11", "bootstrapper",
  "www", "shop", "lost", "six", "_tcp", "_etcd._tcp", "wild", "any.wild", "any.thing.wild", "real.wild", "below.real.wild", "deep.wild", "y.deep.wild",
  "some.alias", "alias", "sub", "a.sub", "written", "b.written", "a.b.written", "c.b.written", "c.a.b.written", "*.wild",
].map((name) => (name === "cluster.lab" ? name : `${name}.cluster.lab`));
const types = ["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "NS", "SOA", "PTR"];
const reverse = ["11", "199", "200", "77", "14"]
  .map((last) => `${last}.0.0.10.in-addr.arpa`)
  .concat("0.0.10.in-addr.arpa", "x.11.0.0.10.in-addr.arpa");

test("BIND and we say the same about every name, whatever the type", async () => {
  const questions = [...names, ...reverse].flatMap((name) => types.map((type) => `${name} ${type}`));
  const [we, they] = await Promise.all([said(ours.port, questions), said(bindPort, questions)]);
  expect(we).toHaveLength(questions.length);
  expect(questions.map((question, index) => `${question}: ${we[index]}`)).toEqual(
    questions.map((question, index) => `${question}: ${they[index]}`),
  );
});
