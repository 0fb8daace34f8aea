/** Resolvers that others wrote, asking our server. Debian: bind9-dnsutils (dig, nslookup), bind9-host (host). */
import { execFile } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ipv4 } from "../../../cluster/address.ts";
import { fakeUpstream, respond, type Serving, serveDns, type Upstream } from "../../support/dns.ts";

const run = promisify(execFile);
let upstream: Upstream;
let server: Serving;
beforeAll(async () => {
  upstream = await fakeUpstream((asked) => [respond(asked).toBuffer()]);
  server = await serveDns({ upstream: [{ address: ipv4("127.0.0.1"), port: upstream.port }], now: () => 1_777_777_777_000 });
});
afterAll(async () => {
  await server.close();
  upstream.close();
});

/** dig's answer: status, flags, and the records of the answer and authority sections, one a line. */
async function dig(question: string): Promise<string[]> {
  const options = [
    "@127.0.0.1",
    "-p",
    String(server.port),
    "+tries=1",
    "+time=5",
    "+nocomments",
    "+nocmd",
    "+noquestion",
    "+nostats",
    "+noall",
    "+answer",
    "+authority",
  ];
  const { stdout } = await run("dig", [...options, ...question.split(" ")]);
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.replace(/\s+/g, " "));
}
async function header(question: string): Promise<string> {
  const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(server.port), "+tries=1", "+time=5", ...question.split(" ")]);
  expect(stdout).not.toMatch(/WARNING|malformed|Warning/);
  return `${/status: (\w+)/.exec(stdout)![1]} ${/flags: ([a-z ]+);/.exec(stdout)![1]}`;
}
const SOA = "10 IN SOA bootstrapper.cluster.lab. hostmaster.cluster.lab. 1777777777 3600 600 86400 10";

// biome-ignore format: a table
test.each([
  { question: "cp-1.cluster.lab",                  status: "NOERROR qr aa rd ra",  records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "cp-1.cluster.lab +noedns",          status: "NOERROR qr aa rd ra",  records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "cp-1.cluster.lab +tcp",             status: "NOERROR qr aa rd ra",  records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "cp-1.cluster.lab +norecurse",       status: "NOERROR qr aa ra",     records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "cp-1.cluster.lab +dnssec",          status: "NOERROR qr aa rd ra",  records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "cp-1.cluster.lab +bufsize=65535",   status: "NOERROR qr aa rd ra",  records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "cP-1.cLUSTER.lab",                  status: "NOERROR qr aa rd ra",  records: ["cP-1.cLUSTER.lab. 60 IN A 10.0.0.11"] },
  { question: "52-54-00-00-00-11.cluster.lab",     status: "NOERROR qr aa rd ra",  records: ["52-54-00-00-00-11.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "bootstrapper.cluster.lab",          status: "NOERROR qr aa rd ra",  records: ["bootstrapper.cluster.lab. 60 IN A 10.0.0.1"] },
  { question: "cp-1",                              status: "NOERROR qr aa rd ra",  records: ["cp-1. 60 IN A 10.0.0.11"] },
  { question: "-x 10.0.0.11",                      status: "NOERROR qr aa rd ra",  records: ["11.0.0.10.in-addr.arpa. 60 IN PTR cp-1.cluster.lab."] },
  { question: "-x 10.0.0.77",                      status: "NXDOMAIN qr aa rd ra", records: [`0.0.10.in-addr.arpa. ${SOA}`] },
  { question: "cluster.lab SOA",                   status: "NOERROR qr aa rd ra",  records: [`cluster.lab. ${SOA.replace("10", "60")}`] },
  { question: "cluster.lab NS",                    status: "NOERROR qr aa rd ra",  records: ["cluster.lab. 60 IN NS bootstrapper.cluster.lab."] },
  { question: "nobody.cluster.lab",                status: "NXDOMAIN qr aa rd ra", records: [`cluster.lab. ${SOA}`] },
  { question: "cp-1.cluster.lab AAAA",             status: "NOERROR qr aa rd ra",  records: [`cluster.lab. ${SOA}`] },
  { question: "cp-1.cluster.lab ANY +notcp",       status: "NOERROR qr aa rd ra",  records: ["cp-1.cluster.lab. 60 IN A 10.0.0.11"] },
  { question: "www.Example.com",                   status: "NOERROR qr rd ra",     records: ["www.Example.com. 300 IN A 192.0.2.7"] },
  { question: "www.example.org +tcp",              status: "NOERROR qr rd ra",     records: ["www.example.org. 300 IN A 192.0.2.7"] },
  { question: "example.com ANY +notcp",            status: "REFUSED qr rd ra",     records: [] },
  { question: "cp-1.cluster.lab CH",               status: "REFUSED qr rd ra",     records: [] },
  { question: "cp-1.cluster.lab +edns=1 +noednsneg +norecurse", status: "BADVERS qr",     records: [] },
])("dig $question: $status", async ({ question, status, records }) => {
  expect(await header(question)).toBe(status);
  expect(await dig(question)).toEqual(records);
});

test("dig may not copy the zone", async () => {
  const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(server.port), "cluster.lab", "AXFR"]);
  expect(stdout).toContain("Transfer failed");
});

test("dig shows why", async () => {
  const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(server.port), "nobody.cluster.lab"]);
  expect(stdout).toContain("EDE: 0 (Other): (nobody here is called nobody.cluster.lab)");
});

test("nslookup finds a name and an address", async () => {
  const lookup = async (what: string): Promise<string> => (await run("nslookup", [`-port=${server.port}`, what, "127.0.0.1"])).stdout;
  expect(await lookup("cp-1.cluster.lab")).toContain("Address: 10.0.0.11");
  expect(await lookup("10.0.0.11")).toContain("name = cp-1.cluster.lab.");
});

test("host finds a name and an address, and says when there is none", async () => {
  const host = async (what: string): Promise<string> => (await run("host", ["-p", String(server.port), what, "127.0.0.1"])).stdout;
  expect(await host("w-1.cluster.lab")).toContain("w-1.cluster.lab has address 10.0.0.150");
  expect(await host("10.0.0.1")).toContain("domain name pointer bootstrapper.cluster.lab.");
  await expect(host("nobody.cluster.lab")).rejects.toMatchObject({ stdout: expect.stringContaining("NXDOMAIN") });
});

test("c-ares, which Node asks with, finds a name and an address", async () => {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${server.port}`]);
  expect(await resolver.resolve4("cp-1.cluster.lab", { ttl: true })).toEqual([{ address: "10.0.0.11", ttl: 60 }]);
  expect(await resolver.reverse("10.0.0.11")).toEqual(["cp-1.cluster.lab"]);
  expect(await resolver.resolveSoa("cluster.lab")).toMatchObject({ nsname: "bootstrapper.cluster.lab" });
  await expect(resolver.resolve4("nobody.cluster.lab")).rejects.toThrow("ENOTFOUND");
});
