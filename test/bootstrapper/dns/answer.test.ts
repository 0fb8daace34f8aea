import fc from "fast-check";
import { expect, test } from "vitest";
import { type Asked, answer, type World } from "../../../bootstrapper/dns/answer.ts";
import { CLASSES, RCODES, TYPES } from "../../../bootstrapper/dns/numbers.ts";
import { shown } from "../../../bootstrapper/dns/rdata.ts";
import { ipv4, type Mac, mac, subnet } from "../../../cluster/address.ts";
import { record, world } from "../../support/dns.ts";

const { A, NS, SOA, PTR, AAAA, ANY, AXFR, IXFR, OPT, CNAME, SRV, TXT, MX } = TYPES;
const connected = world();
const ask = (name: string, type: number, rest: Partial<Asked> = {}): Asked => ({
  name,
  type,
  class: CLASSES.IN,
  recursionDesired: true,
  ...rest,
});

/** A reply in one line: its code, whether it is final, and what it holds. */
function said(asked: Asked, known: World = connected): string {
  const decision = answer(asked, known);
  if (decision.do !== "reply") return decision.do;
  const { rcode, authoritative, answers, authorities } = decision.reply;
  const code = Object.entries(RCODES).find(([, number]) => number === rcode)![0];
  const held = answers.map(({ type, data }) => (type === SOA ? "SOA" : shown(type, data)));
  const beside = authorities.map(({ name, type }) => `(${type === SOA ? "SOA" : "NS"} ${name})`);
  return [code, ...(authoritative ? ["ours"] : []), ...held, ...beside].join(" ");
}

// biome-ignore format: a table
test.each([
  { asked: ask("cp-1.cluster.lab", A),                 gets: "noError ours 10.0.0.11" },
  { asked: ask("52-54-00-00-00-11.cluster.lab", A),    gets: "noError ours 10.0.0.11" },
  { asked: ask("bootstrapper.cluster.lab", A),         gets: "noError ours 10.0.0.1" },
  { asked: ask("w-1.cluster.lab", A),                  gets: "noError ours 10.0.0.150" },
  { asked: ask("stranger.cluster.lab", A),             gets: "noError ours 10.0.0.199" },
  { asked: ask("cp-1.cluster.lab", ANY),               gets: "noError ours 10.0.0.11" },
  { asked: ask("cp-1.cluster.lab", A, { class: CLASSES.ANY }), gets: "noError ours 10.0.0.11" },
  { asked: ask("cp-1.cluster.lab", A, { recursionDesired: false }), gets: "noError ours 10.0.0.11" },
  { asked: ask("w-2.cluster.lab", A),                  gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("cp-1.cluster.lab", AAAA),              gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("nobody.cluster.lab", A),               gets: "nxDomain ours (SOA cluster.lab)" },
  { asked: ask("x.cp-1.cluster.lab", A),               gets: "nxDomain ours (SOA cluster.lab)" },
  { asked: ask("nobody.cluster.lab", A, { recursionDesired: false }), gets: "nxDomain ours (SOA cluster.lab)" },
  { asked: ask("cluster.lab", SOA),                    gets: "noError ours SOA" },
  { asked: ask("cluster.lab", NS),                     gets: "noError ours bootstrapper.cluster.lab" },
  { asked: ask("cluster.lab", A),                      gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("cluster.lab", ANY),                    gets: "noError ours SOA" },
  { asked: ask("notcluster.lab", A),                   gets: "forward" },
  { asked: ask("cp\\0461.cluster.lab", A),             gets: "nxDomain ours (SOA cluster.lab)" },
  // the reverse zone
  { asked: ask("11.0.0.10.in-addr.arpa", PTR),         gets: "noError ours cp-1.cluster.lab" },
  { asked: ask("199.0.0.10.in-addr.arpa", PTR),        gets: "noError ours stranger.cluster.lab" },
  { asked: ask("77.0.0.10.in-addr.arpa", PTR),         gets: "nxDomain ours (SOA 0.0.10.in-addr.arpa)" },
  { asked: ask("11.0.0.10.in-addr.arpa", A),           gets: "noError ours (SOA 0.0.10.in-addr.arpa)" },
  { asked: ask("0.0.10.in-addr.arpa", SOA),            gets: "noError ours SOA" },
  { asked: ask("0.0.10.in-addr.arpa", NS),             gets: "noError ours bootstrapper.cluster.lab" },
  { asked: ask("011.0.0.10.in-addr.arpa", PTR),        gets: "nxDomain ours (SOA 0.0.10.in-addr.arpa)" },
  { asked: ask("1.11.0.0.10.in-addr.arpa", PTR),       gets: "nxDomain ours (SOA 0.0.10.in-addr.arpa)" },
  // addresses whose names the world does not know are never asked for there: RFC 6303
  { asked: ask("1.0.10.in-addr.arpa", SOA),            gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
  { asked: ask("0.10.in-addr.arpa", SOA),              gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
  { asked: ask("5.1.0.10.in-addr.arpa", PTR),          gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
  { asked: ask("1.1.168.192.in-addr.arpa", PTR),       gets: "nxDomain ours (SOA 168.192.in-addr.arpa)" },
  { asked: ask("1.1.20.172.in-addr.arpa", PTR),        gets: "nxDomain ours (SOA 20.172.in-addr.arpa)" },
  { asked: ask("1.1.32.172.in-addr.arpa", PTR),        gets: "forward" },
  { asked: ask("1.0.0.127.in-addr.arpa", PTR),         gets: "noError ours localhost" },
  { asked: ask("8.8.8.8.in-addr.arpa", PTR),           gets: "forward" },
  // names with one meaning everywhere: RFC 6761
  { asked: ask("localhost", A),                        gets: "noError ours 127.0.0.1" },
  { asked: ask("www.localhost", A),                    gets: "noError ours 127.0.0.1" },
  { asked: ask("www.localhost", AAAA),                 gets: "noError ours 0:0:0:0:0:0:0:1" },
  { asked: ask("anything.invalid", A),                 gets: "nxDomain ours (SOA invalid)" },
  { asked: ask("a.b.onion", A),                        gets: "nxDomain ours (SOA onion)" },
  // groups of machines
  { asked: ask("api.cluster.lab", A),                  gets: "noError ours 10.0.0.11 10.0.0.14" },
  { asked: ask("shop.apps.cluster.lab", A),            gets: "noError ours 10.0.0.150" },
  { asked: ask("a.b.apps.cluster.lab", A),             gets: "noError ours 10.0.0.150" },
  { asked: ask("shop.apps.cluster.lab", AAAA),         gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("apps.cluster.lab", A),                 gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("in-addr.arpa", SOA),                   gets: "forward" },
  // names without a domain
  { asked: ask("cp-1", A),                             gets: "noError ours 10.0.0.11" },
  { asked: ask("52-54-00-00-00-11", A),                gets: "noError ours 10.0.0.11" },
  { asked: ask("cp-1", AAAA),                          gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("nobody", A),                           gets: "nxDomain ours" },
  { asked: ask("com", NS),                             gets: "forward" },
  { asked: ask("", NS),                                gets: "forward" },
  // the rest of the world
  { asked: ask("example.com", A),                      gets: "forward" },
  { asked: ask("example.com", ANY),                    gets: "refused" },
  { asked: ask("example.com", A, { recursionDesired: false }), gets: "refused" },
  { asked: ask("cluster.lab", AXFR),                   gets: "refused" },
  { asked: ask("example.com", AXFR),                   gets: "refused" },
  { asked: ask("cluster.lab", IXFR),                   gets: "refused" },
  { asked: ask("cp-1.cluster.lab", A, { class: 3 }),   gets: "refused" },
  { asked: ask("version.bind", TXT, { class: 3 }),     gets: "refused" },
  { asked: ask("cp-1.cluster.lab", OPT),               gets: "formErr" },
])("$asked.name type $asked.type class $asked.class: $gets", ({ asked, gets }) => {
  expect(said(asked)).toBe(gets);
});

const [CP1, CP2, W1] = ["11", "14", "12"].map((end) => mac(`52:54:00:00:00:${end}`)) as [Mac, Mac, Mac];
// biome-ignore format: a table
test.each([
  { serves: [CP2],      gets: "noError ours 10.0.0.14" },
  { serves: [CP2, CP1], gets: "noError ours 10.0.0.11 10.0.0.14" },
  { serves: [W1],       gets: "noError ours 10.0.0.11 10.0.0.14" },
  { serves: [],         gets: "noError ours 10.0.0.11 10.0.0.14" },
])("the API's name is those of the control planes whose API answers, or all: $serves", ({ serves, gets }) => {
  const known = world({}, { serving: new Set(serves) });
  expect(said(ask("api.cluster.lab", A), known)).toBe(gets);
  expect(said(ask("shop.apps.cluster.lab", A), known)).toBe("noError ours 10.0.0.150");
});

test("a cluster with a virtual address has its API there, whoever answers", () => {
  const known = world({ virtual: ipv4("10.0.0.9") }, { serving: new Set([CP1]) });
  expect(said(ask("api.cluster.lab", A), known)).toBe("noError ours 10.0.0.9");
  expect(said(ask("cp-1.cluster.lab", A), known)).toBe("noError ours 10.0.0.11");
});

test("without an upstream server the rest of the world is refused, with the reason", () => {
  expect(answer(ask("example.com", A), world({}, { upstream: false }))).toMatchObject({
    do: "reply",
    reply: { rcode: RCODES.refused },
    because: expect.stringContaining("no upstream"),
  });
});

test("strangers hear of our names, and of nothing else", () => {
  const stranger = world({}, { ours: false });
  expect(said(ask("cp-1.cluster.lab", A), stranger)).toBe("noError ours 10.0.0.11");
  expect(said(ask("example.com", A), stranger)).toBe("refused");
});

const rich = world({
  further: [subnet("10.9.0.128/25")],
  dns: {
    records: [
      record("www.cluster.lab", { type: "CNAME", target: "shop.cluster.lab" }),
      record("shop.cluster.lab", { type: "CNAME", target: "cp-1.cluster.lab" }),
      record("away.cluster.lab", { type: "CNAME", target: "example.com" }),
      record("loop.cluster.lab", { type: "CNAME", target: "pool.cluster.lab" }),
      record("pool.cluster.lab", { type: "CNAME", target: "loop.cluster.lab" }),
      record("lost.cluster.lab", { type: "CNAME", target: "nobody.cluster.lab" }),
      record("six.cluster.lab", { type: "AAAA", address: "2001:db8::192.0.2.1" }),
      record("_etcd._tcp.cluster.lab", { type: "SRV", priority: 0, weight: 5, port: 2379, target: "cp-1.cluster.lab" }),
      record("*.wild.cluster.lab", { type: "TXT", texts: ["a", "b"] }),
      record("real.wild.cluster.lab", { type: "A", address: ipv4("10.0.0.77") }),
      record("x.deep.wild.cluster.lab", { type: "A", address: ipv4("10.0.0.78") }),
      record("registry.example.com", { type: "A", address: ipv4("10.0.0.1") }),
      record("sub.cluster.lab", { type: "NS", target: "ns.sub.cluster.lab" }),
      record("ns.sub.cluster.lab", { type: "A", address: ipv4("10.0.0.53") }),
    ],
    forward: [
      { zone: "corp.example", servers: [ipv4("10.0.0.3")] },
      { zone: "k8s.cluster.lab", servers: [ipv4("10.0.0.4")] },
      { zone: "1.10.in-addr.arpa", servers: [ipv4("10.0.0.3")] },
    ],
  },
});

// biome-ignore format: a table
test.each([
  { asked: ask("www.cluster.lab", A),              gets: "noError ours shop.cluster.lab cp-1.cluster.lab 10.0.0.11" },
  { asked: ask("www.cluster.lab", AAAA),           gets: "noError ours shop.cluster.lab cp-1.cluster.lab (SOA cluster.lab)" },
  { asked: ask("www.cluster.lab", CNAME),          gets: "noError ours shop.cluster.lab" },
  { asked: ask("www.cluster.lab", ANY),            gets: "noError ours shop.cluster.lab" },
  { asked: ask("away.cluster.lab", A),             gets: "follow" },
  { asked: ask("away.cluster.lab", A, { recursionDesired: false }), gets: "noError ours example.com" },
  { asked: ask("lost.cluster.lab", A),             gets: "nxDomain ours nobody.cluster.lab (SOA cluster.lab)" },
  { asked: ask("six.cluster.lab", AAAA),           gets: "noError ours 2001:db8:0:0:0:0:c000:201" },
  { asked: ask("_etcd._tcp.cluster.lab", SRV),     gets: "noError ours cp-1.cluster.lab" },
  { asked: ask("_tcp.cluster.lab", SRV),           gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("www", A),                          gets: "noError ours shop.cluster.lab cp-1.cluster.lab 10.0.0.11" },
  // wildcards: RFC 4592 §2.2
  { asked: ask("any.wild.cluster.lab", TXT),       gets: 'noError ours "a\\u0001b"' },
  { asked: ask("any.thing.wild.cluster.lab", TXT), gets: 'noError ours "a\\u0001b"' },
  { asked: ask("any.wild.cluster.lab", A),         gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("real.wild.cluster.lab", TXT),      gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("a.real.wild.cluster.lab", TXT),    gets: "nxDomain ours (SOA cluster.lab)" },
  { asked: ask("deep.wild.cluster.lab", TXT),      gets: "noError ours (SOA cluster.lab)" },
  { asked: ask("y.deep.wild.cluster.lab", TXT),    gets: "nxDomain ours (SOA cluster.lab)" },
  { asked: ask("wild.cluster.lab", TXT),           gets: "noError ours (SOA cluster.lab)" },
  // names of others that the description gives
  { asked: ask("registry.example.com", A),         gets: "noError ours 10.0.0.1" },
  { asked: ask("registry.example.com", MX),        gets: "noError ours (SOA registry.example.com)" },
  { asked: ask("www.example.com", A),              gets: "forward" },
  { asked: ask("a.corp.example", A),               gets: "forward" },
  { asked: ask("a.k8s.cluster.lab", A),            gets: "forward" },
  { asked: ask("5.0.1.10.in-addr.arpa", PTR),      gets: "forward" },
  // a part of the zone in other hands
  { asked: ask("a.sub.cluster.lab", A),            gets: "noError (NS sub.cluster.lab)" },
  { asked: ask("sub.cluster.lab", A),              gets: "noError (NS sub.cluster.lab)" },
  // a smaller subnet than a zone, as its parent may hand it over: RFC 2317
  { asked: ask("128/25.0.9.10.in-addr.arpa", SOA), gets: "noError ours SOA" },
  { asked: ask("5.0.9.10.in-addr.arpa", PTR),      gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
  { asked: ask("200.0.9.10.in-addr.arpa", PTR),    gets: "nxDomain ours (SOA 0.9.10.in-addr.arpa)" },
])("of a rich description, $asked.name type $asked.type: $gets", ({ asked, gets }) => {
  expect(said(asked, rich)).toBe(gets);
});

test("names that go round in a circle end", () => {
  expect(said(ask("loop.cluster.lab", A), rich)).toMatch(/^noError ours( (loop|pool).cluster.lab){8}$/);
});

test("a conditional forward is asked for what is below it, and only by neighbours", () => {
  expect(answer(ask("a.corp.example", A), rich)).toMatchObject({ do: "forward", servers: ["10.0.0.3"] });
  expect(said(ask("a.corp.example", A), { ...rich, ours: false })).toBe("refused");
  expect(answer(ask("a.corp.example", A), { ...rich, upstream: false })).toMatchObject({ do: "forward" });
});

test("the addresses of servers come with their names", () => {
  const extra = (name: string, type: number): unknown => {
    const decision = answer(ask(name, type), rich);
    return decision.do === "reply" && decision.reply.additionals.map(({ name, type, data }) => `${name} ${shown(type, data)}`);
  };
  expect(extra("_etcd._tcp.cluster.lab", SRV)).toEqual(["cp-1.cluster.lab 10.0.0.11"]);
  expect(extra("cluster.lab", NS)).toEqual(["bootstrapper.cluster.lab 10.0.0.1"]);
  expect(extra("a.sub.cluster.lab", A)).toEqual(["ns.sub.cluster.lab 10.0.0.53"]);
});

test("with a key that may, zones are copied; without, that is refused and told", () => {
  const trusted = { ...rich, mayTransfer: true };
  expect(said(ask("cluster.lab", AXFR), trusted)).toBe("transfer");
  expect(said(ask("0.0.10.in-addr.arpa", IXFR), trusted)).toBe("transfer");
  expect(said(ask("cp-1.cluster.lab", AXFR), trusted)).toBe("notAuth");
  expect(answer(ask("cluster.lab", AXFR), rich)).toMatchObject({ forbidden: true });
});

test("an answer holds until the description changes, unless it hangs on leases", () => {
  const steady = (name: string): unknown => (answer(ask(name, A), rich) as { steady?: true }).steady ?? false;
  for (const name of ["cp-1.cluster.lab", "api.cluster.lab", "www.cluster.lab", "a.invalid", "any.wild.cluster.lab"])
    expect(steady(name), name).toBe(true);
  for (const name of ["w-1.cluster.lab", "stranger.cluster.lab", "nobody.cluster.lab", "x.apps.cluster.lab"])
    expect(steady(name), name).toBe(false);
});

// biome-ignore format: a table
test.each([
  { net: "10.0.16.0/20",   name: "5.17.0.10.in-addr.arpa",   gets: "nxDomain ours (SOA 17.0.10.in-addr.arpa)" },
  { net: "10.0.16.0/20",   name: "17.0.10.in-addr.arpa",     gets: "noError ours (SOA 17.0.10.in-addr.arpa)" },
  { net: "10.0.16.0/20",   name: "5.32.0.10.in-addr.arpa",   gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
  { net: "10.0.0.0/16",    name: "5.17.0.10.in-addr.arpa",   gets: "nxDomain ours (SOA 0.10.in-addr.arpa)" },
  { net: "10.0.0.0/16",    name: "17.0.10.in-addr.arpa",     gets: "noError ours (SOA 0.10.in-addr.arpa)" },
  { net: "10.0.0.0/25",    name: "5.0.0.10.in-addr.arpa",    gets: "nxDomain ours (SOA 0.0.10.in-addr.arpa)" },
  { net: "10.0.0.128/25",  name: "5.0.0.10.in-addr.arpa",    gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
  { net: "203.0.112.128/25", name: "5.112.0.203.in-addr.arpa", gets: "forward" },
  { net: "203.0.112.128/25", name: "200.112.0.203.in-addr.arpa", gets: "nxDomain ours (SOA 112.0.203.in-addr.arpa)" },
  { net: "203.0.112.128/25", name: "200.128/25.112.0.203.in-addr.arpa", gets: "nxDomain ours (SOA 128/25.112.0.203.in-addr.arpa)" },
  { net: "10.0.0.128/25",  name: "0.0.10.in-addr.arpa",      gets: "noError ours (SOA 0.0.10.in-addr.arpa)" },
  { net: "10.0.0.0/8",     name: "5.4.3.10.in-addr.arpa",    gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
])("in $net, $name: $gets", ({ net, name, gets }) => {
  expect(said(ask(name, PTR), world({ net: subnet(net) }, { held: [] }))).toBe(gets);
});

test("whatever is asked, there is a decision and a reason, and nothing of ours is ever forwarded", () => {
  const label = fc.oneof(fc.constantFrom("cp-1", "cluster", "lab", "0", "10", "in-addr", "arpa", "\\000"), fc.string());
  fc.assert(
    fc.property(fc.array(label, { maxLength: 6 }), fc.nat({ max: 300 }), fc.boolean(), (labels, type, ours) => {
      const name = [...labels, ...(ours ? ["cluster.lab"] : [])].join(".");
      const decision = answer(ask(name, type), connected);
      expect(decision.because).not.toBe("");
      if (ours) expect(decision.do).toBe("reply");
    }),
  );
});
