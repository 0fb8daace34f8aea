import fc from "fast-check";
import { expect, test } from "vitest";
import { type Asked, answer, CLASSES, RCODES, TYPES } from "../../../bootstrapper/dns/answer.ts";
import { subnet } from "../../../cluster/address.ts";
import { rack } from "../../support/dns.ts";

const { A, NS, SOA, PTR, AAAA, ANY, AXFR, IXFR, OPT } = TYPES;
const alone = { records: rack(), upstream: false };
const connected = { records: rack(), upstream: true };
const ask = (name: string, type: number, rest: Partial<Asked> = {}): Asked => ({
  name,
  type,
  class: CLASSES.IN,
  recursionDesired: true,
  ...rest,
});

/** A reply in one line: its code, whether it is final, and what it holds. */
function said(asked: Asked, world: { records: ReturnType<typeof rack>; upstream: boolean } = connected): string {
  const decision = answer(asked, world);
  if (decision.do === "forward") return "forward";
  const { rcode, authoritative, answers, authorities } = decision.reply;
  const code = Object.entries(RCODES).find(([, number]) => number === rcode)![0];
  const held = answers.map((record) => ("address" in record ? record.address : "target" in record ? record.target : record.type));
  return [code, ...(authoritative ? ["ours"] : []), ...held, ...authorities.map(({ name, type }) => `(${type} ${name})`)].join(" ");
}

// biome-ignore format: a table
test.each([
  { asked: ask("cp-1.cluster.lab", A),                 gets: "noError ours 10.0.0.11" },
  { asked: ask("CP-1.Cluster.LAB", A),                 gets: "noError ours 10.0.0.11" },
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
  { asked: ask("11.0.0.10.IN-ADDR.ARPA", PTR),         gets: "noError ours cp-1.cluster.lab" },
  { asked: ask("199.0.0.10.in-addr.arpa", PTR),        gets: "noError ours stranger.cluster.lab" },
  { asked: ask("77.0.0.10.in-addr.arpa", PTR),         gets: "nxDomain ours (SOA 0.0.10.in-addr.arpa)" },
  { asked: ask("11.0.0.10.in-addr.arpa", A),           gets: "noError ours (SOA 0.0.10.in-addr.arpa)" },
  { asked: ask("0.0.10.in-addr.arpa", SOA),            gets: "noError ours SOA" },
  { asked: ask("0.0.10.in-addr.arpa", NS),             gets: "noError ours bootstrapper.cluster.lab" },
  { asked: ask("1.0.10.in-addr.arpa", SOA),            gets: "forward" },
  { asked: ask("0.10.in-addr.arpa", SOA),              gets: "forward" },
  { asked: ask("5.1.0.10.in-addr.arpa", PTR),          gets: "forward" },
  { asked: ask("011.0.0.10.in-addr.arpa", PTR),        gets: "forward" },
  { asked: ask("1.11.0.0.10.in-addr.arpa", PTR),       gets: "forward" },
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
  { asked: ask("cp-1.cluster.lab", OPT),               gets: "formErr" },
])("$asked.name type $asked.type class $asked.class: $gets", ({ asked, gets }) => {
  expect(said(asked)).toBe(gets);
});

test("without an upstream server the rest of the world is refused, with the reason", () => {
  expect(answer(ask("example.com", A), alone)).toMatchObject({
    do: "reply",
    reply: { rcode: RCODES.refused },
    because: expect.stringContaining("no upstream"),
  });
});

test("the case of the question is kept", () => {
  expect(answer(ask("Cp-1.ClusTer.lab", A), alone)).toMatchObject({ reply: { answers: [{ name: "Cp-1.ClusTer.lab" }] } });
});

// biome-ignore format: a table
test.each([
  { net: "10.0.16.0/20",   name: "5.17.0.10.in-addr.arpa",   gets: "nxDomain ours (SOA 17.0.10.in-addr.arpa)" },
  { net: "10.0.16.0/20",   name: "17.0.10.in-addr.arpa",     gets: "noError ours (SOA 17.0.10.in-addr.arpa)" },
  { net: "10.0.16.0/20",   name: "5.32.0.10.in-addr.arpa",   gets: "forward" },
  { net: "10.0.0.0/16",    name: "5.17.0.10.in-addr.arpa",   gets: "nxDomain ours (SOA 0.10.in-addr.arpa)" },
  { net: "10.0.0.0/16",    name: "17.0.10.in-addr.arpa",     gets: "noError ours (SOA 0.10.in-addr.arpa)" },
  { net: "10.0.0.0/25",    name: "5.0.0.10.in-addr.arpa",    gets: "nxDomain ours (SOA 0.0.10.in-addr.arpa)" },
  { net: "10.0.0.128/25",  name: "5.0.0.10.in-addr.arpa",    gets: "forward" },
  { net: "10.0.0.128/25",  name: "0.0.10.in-addr.arpa",      gets: "noError ours (SOA 0.0.10.in-addr.arpa)" },
  { net: "10.0.0.0/8",     name: "5.4.3.10.in-addr.arpa",    gets: "nxDomain ours (SOA 10.in-addr.arpa)" },
])("in $net, $name: $gets", ({ net, name, gets }) => {
  expect(said(ask(name, PTR), { records: rack([], subnet(net)), upstream: true })).toBe(gets);
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
