import { describe, expect, test } from "vitest";
import { formatProblem, parse } from "../../../cluster/parse.ts";
import { fixture } from "../golden.ts";

const small = fixture("small.yml");

/** small.yml with these lines in network: and at its end. */
const described = (network: string, rest = ""): string =>
  `${small.replace("\nos:", `\n  ${network.replaceAll("\n", "\n  ")}\nos:`)}\n${rest}\n`;

function said(network: string, rest = ""): readonly string[] {
  const parsed = parse(described(network, rest), "x");
  const line = /^x:\d+:\d+: /;
  return [
    ...(parsed.ok ? [] : parsed.problems.map((one) => formatProblem(one).replace(line, ""))),
    ...parsed.warnings.map((one) => `warning ${formatProblem(one).replace(line, "")}`),
  ];
}

function cluster(network: string, rest = "") {
  const parsed = parse(described(network, rest), "x");
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join("\n"));
  return parsed.cluster;
}

const SUBNET = "subnets: [{ subnet: 10.78.0.0/24, routers: [10.78.0.1], range: 10.78.0.10-10.78.0.20 }]";

describe("several networks", () => {
  test.each([
    {
      when: "one lies in another",
      network: SUBNET.replace("10.78.0.0/24", "10.64.0.0/11"),
      says: /subnets\[0\]\.subnet: 10\.64\.0\.0\/11 overlaps 10\.77\.0\.0\/24, where machines are too; write one apart/,
    },
    {
      when: "pods are in one",
      network: SUBNET,
      rest: "kubernetes: { podSubnet: 10.78.0.0/16 }",
      says: /the pods' network 10\.78\.0\.0\/16 overlaps the machines' 10\.78\.0\.0\/24/,
    },
    {
      when: "a router is elsewhere",
      network: SUBNET.replace("10.78.0.1]", "10.77.0.1]"),
      says: /10\.77\.0\.1 is outside the subnet 10\.78\.0\.0\/24/,
    },
    {
      when: "a range is elsewhere",
      network: SUBNET.replace("10.78.0.20", "10.79.0.20"),
      says: /10\.79\.0\.20 is not an address for a machine in 10\.78\.0\.0\/24/,
    },
    { when: "a range holds its router", network: SUBNET.replace("0.10-", "0.1-"), says: /contains 10\.78\.0\.1, which is a router's/ },
    {
      when: "ranges meet",
      network: SUBNET.replace("10.78.0.10-10.78.0.20", "[10.78.0.10-10.78.0.20, 10.78.0.20-10.78.0.30]"),
      says: /range\[1\]: 10\.78\.0\.20-10\.78\.0\.30 overlaps 10\.78\.0\.10-10\.78\.0\.20; write ranges apart/,
    },
    {
      when: "a relayed network has no router",
      network: "subnets: [{ subnet: 10.78.0.0/24 }]",
      says: /^warning .*its machines are given no router, and without one they do not find the way to 10\.77\.0\.1/,
    },
    {
      when: "the DNS asks itself",
      network: `${SUBNET.replace("routers", "bootstrapper: 10.78.0.2, routers")}\nupstream: [10.78.0.2]`,
      says: /ask itself/,
    },
    { when: "an interface is written twice", network: "interfaces: [eth1, eth1]", says: /interfaces\[1\]: "eth1" is written twice/ },
  ])("are refused when $when", ({ network, rest, says }) => {
    expect(said(network, rest)).toEqual([expect.stringMatching(says)]);
  });

  test("are good when each has what it needs", () => {
    expect(said(SUBNET)).toEqual([]);
    expect(said("subnets: [{ subnet: 10.78.0.0/24, bootstrapper: 10.78.0.2 }]")).toEqual([]);
  });

  test("each may hold a machine's address, and no other network may", () => {
    const at = (address: string) => parse(described(SUBNET).replace("address: 10.77.0.12", `address: ${address}`), "x");
    expect(at("10.78.0.5")).toMatchObject({ ok: true });
    expect(at("10.79.0.5")).toMatchObject({
      problems: [
        { message: "10.79.0.5 is in none of the subnets 10.77.0.0/24, 10.78.0.0/24; write an address in one of them for this machine" },
      ],
    });
    expect(at("10.78.0.15")).toMatchObject({
      problems: [{ message: expect.stringContaining("inside the dynamic range 10.78.0.10-10.78.0.20") }],
    });
    expect(at("10.78.0.1")).toMatchObject({ problems: [{ message: "10.78.0.1 is a router's; write another address" }] });
    expect(at("10.78.0.255")).toMatchObject({
      problems: [{ message: expect.stringContaining("is the broadcast address of 10.78.0.0/24") }],
    });
  });

  test("share the count of addresses for machines without one", () => {
    const few = (text: string) => parse(text.replace("10.77.0.100-10.77.0.199", "10.77.0.100").replace("range: 10.77.0.100\n", ""), "x");
    expect(few(described(SUBNET))).toMatchObject({ ok: true });
    const narrow = described(SUBNET.replace("10-10.78.0.20", "10-10.78.0.10")).replace("address: 10.77.0.12", "labels: {}");
    expect(few(narrow)).toMatchObject({
      problems: [{ message: expect.stringContaining("10.78.0.10-10.78.0.10 has 1 addresses for 2 machines") }],
    });
  });

  test("a single range and a list of one are the same", () => {
    expect(cluster("").network.ranges).toEqual([{ first: "10.77.0.100", last: "10.77.0.199" }]);
    const listed = parse(small.replace(/range: (\S+)/, "range: [$1]"), "x");
    expect(listed).toMatchObject({ ok: true, cluster: { network: { ranges: [{ first: "10.77.0.100" }] } } });
  });
});

describe("router advertisements", () => {
  test("end the wait for IPv6 unless somebody else serves the network, or the description says otherwise", () => {
    expect(cluster("").network.routerAdvertisements).toBe(true);
    expect(cluster("routerAdvertisements: no").network.routerAdvertisements).toBe(false);
    const proxy = parse(small.replace("range: 10.77.0.100-10.77.0.199", "dhcp: proxy"), "x");
    expect(proxy).toMatchObject({ cluster: { network: { routerAdvertisements: false } } });
  });
});

describe("DHCP options", () => {
  test("are the bytes of what is written, in the order of their codes", () => {
    const { network, machines } = cluster("options: { 224: text, domain-search: a.lan, mtu: 1400 }");
    expect(network.options).toEqual([
      { code: 26, hex: "0578" },
      { code: 119, hex: "0161036c616e00" },
      { code: 224, hex: "74657874" },
    ]);
    expect(machines.map(({ options }) => options)).toEqual([[], [], []]);
  });

  test.each([
    {
      network: "options: { routers: 10.77.0.1 }",
      says: "network.options.routers: has a field of its own here; write routers: beside options:",
    },
    { network: "options: { 3: 10.77.0.1 }", says: "network.options.3: has a field of its own here" },
    { network: "options: { domain-name: x.lan }", says: "network.options.domain-name: has a field of its own; write domain: at the top" },
    {
      network: "options: { lease-time: 60 }",
      says: "network.options.lease-time: follows from lease:; write lease: in network or in a subnet",
    },
    {
      network: "options: { bootfile-name: x }",
      says: "network.options.bootfile-name: is what the bootstrapper decides for every boot; leave it out",
    },
    { network: "options: { mtu: 1400, 26: 1500 }", says: "is the same option as" },
    { network: "options: [mtu]", says: "network.options: must be a block of options; write one per line" },
    {
      network: "options: { classless-static-route: [10.0.0.0/8 via 10.77.0.9] }",
      says: "warning network.options.classless-static-route: takes the place of routers, so its clients have no default route; write default via 10.77.0.1",
    },
  ])("$network", ({ network, says }) => {
    expect(said(network)).toEqual([expect.stringContaining(says)]);
  });

  test("that are routes lead through neighbours of those who are told them", () => {
    const route = (via: string) => `classless-static-route: [default via ${via}]`;
    const further = (options: string) => `subnets: [{ subnet: 10.78.0.0/24, routers: [10.78.0.1], options: { ${options} } }]`;
    const [warning, ...more] = said(`options: { ${route("10.77.0.9")} }\n${SUBNET}`);
    expect([warning, more]).toEqual([
      "warning network.options.classless-static-route: 10.77.0.9 is no neighbour of the machines in 10.78.0.0/24; write a classless-static-route of its own for them",
      [],
    ]);
    expect(said(`options: { ${route("10.77.0.9")} }\n${further(route("10.78.0.9"))}`)).toEqual([]);
    expect(said(further(route("0.0.0.0")))).toEqual([]);
    expect(said(further(route("10.77.0.9")))).toEqual([
      expect.stringContaining("subnets[0].options.classless-static-route: 10.77.0.9 is no neighbour"),
    ]);
    const own = small.replace("worker-1,", `worker-1, options: { ${route("10.9.0.1")} },`);
    expect(parse(own, "x").warnings.map(({ path }) => path)).toEqual(["machines[1].options.classless-static-route"]);
  });

  test("of a machine may say what no field of a machine says", () => {
    const own = small.replace("worker-1,", "worker-1, options: { routers: 10.77.0.9, domain-name: x.lan },");
    expect(parse(own, "x")).toMatchObject({
      ok: true,
      cluster: {
        machines: [
          {},
          {
            options: [
              { code: 3, hex: "0a4d0009" },
              { code: 15, hex: "782e6c616e" },
            ],
          },
          {},
        ],
      },
    });
  });

  test("too many to be options are not looked at one by one", () => {
    const many = Array.from({ length: 20_000 }, (_, index) => `option-${index}: x`).join(", ");
    expect(said(`options: { ${many} }`)).toEqual([
      expect.stringContaining("has 20000 options, more than there are codes; write at most 254"),
    ]);
  });
});

describe("DNS", () => {
  const records = (...lines: string[]): string => `dns: { records: [${lines.map((line) => JSON.stringify(line)).join(", ")}] }`;

  test.each([
    { dns: records("a CNAME b", "a A 10.0.0.5"), says: "records[1]: a CNAME stands alone at its name, and a.demo.lan has another record" },
    { dns: records("a TXT x", "a CNAME b"), says: "records[1]: a CNAME stands alone at its name" },
    { dns: records("@ CNAME b"), says: "demo.lan has records of its own, and a CNAME stands alone at its name" },
    { dns: records("a A 10.0.0.5", "A.demo.lan. 60 A 10.0.0.5"), says: "records[1]: this record is written twice" },
    { dns: records("cp-1 A 10.0.0.5"), says: "cp-1.demo.lan is the name of machine cp-1; write another name" },
    { dns: records("52-54-00-77-00-11 CNAME a"), says: "is the name of machine cp-1" },
    { dns: records("bootstrapper A 10.0.0.5"), says: "bootstrapper.demo.lan is the bootstrapper's name" },
    { dns: records("api A 10.0.0.5"), says: "api.demo.lan is every control plane's (dns.api); write another name" },
    { dns: records("*.apps CNAME a"), says: "*.apps.demo.lan is every ingress node's (dns.ingress); write another name" },
    { dns: records("10.77.0.11 PTR a"), says: "11.0.77.10.in-addr.arpa is the address of machine cp-1" },
    {
      dns: records("www.example.com. A 10.0.0.5"),
      says: "warning dns.records[0]: www.example.com is not in demo.lan nor a reverse name of 10.77.0.0/24; machines are told this instead of what its owner",
    },
    { dns: records("10.99.0.5 PTR a"), says: "5.0.99.10.in-addr.arpa is not in demo.lan nor a reverse name" },
    {
      dns: records("www.demo.lan A 10.0.0.5"),
      says: '"www.demo.lan" would mean www.demo.lan.demo.lan; write www, or www.demo.lan. with a dot',
    },
    { dns: records("www CNAME demo.lan"), says: '"demo.lan" would mean demo.lan.demo.lan; write @, or demo.lan. with a dot' },
    {
      dns: records(`${"a.".repeat(125)}a A 10.0.0.5`),
      says: "a name has 260 characters with the domain behind it; write one of at most 253",
    },
    {
      dns: "dns: { forward: [{ zone: demo.lan, servers: [192.0.2.1] }] }",
      says: "demo.lan is what the bootstrapper answers for itself; write another zone",
    },
    {
      dns: "dns: { forward: [{ zone: 0.77.10.in-addr.arpa, servers: [192.0.2.1] }] }",
      says: "is what the bootstrapper answers for itself",
    },
    {
      dns: "dns: { forward: [{ zone: worker-1.demo.lan, servers: [192.0.2.1] }] }",
      says: "worker-1.demo.lan would be asked elsewhere, and is the name of machine worker-1; write another zone",
    },
    { dns: "dns: { forward: [{ zone: apps.demo.lan, servers: [192.0.2.1] }] }", says: "*.apps.demo.lan would be asked elsewhere" },
    {
      dns: 'dns: { forward: [{ zone: ad.demo.lan, servers: [192.0.2.1] }], records: ["x.ad A 10.0.0.5"] }',
      says: "x.ad.demo.lan is in ad.demo.lan, which is asked elsewhere (dns.forward); leave one of them out",
    },
    { dns: "dns: { forward: [{ zone: a.lan, servers: [10.77.0.1] }] }", says: "the bootstrapper would ask itself for ever" },
    { dns: "dns: { forward: [{ zone: a.lan, servers: [] }] }", says: "servers: is empty; write at least one address" },
    { dns: "dns: { keys: [{ name: k, may: [update] }, { name: k, may: [update] }] }", says: 'keys[1].name: "k" is written twice' },
    { dns: "dns: { keys: [{ name: k, may: [] }] }", says: "may: is empty, so the key could do nothing" },
    { dns: "dns: { api: worker-1 }", says: 'machines[1].name: "worker-1" is the name of the API server\'s endpoint' },
    { dns: "dns: { api: bootstrapper }", says: 'dns.api: "bootstrapper" is the bootstrapper\'s name' },
  ])("$dns", ({ dns, says }) => {
    expect(said("", dns)).toEqual([expect.stringContaining(says)]);
  });

  test("takes further texts, services and IPv6 addresses for a machine's name", () => {
    expect(said("", records("cp-1 TXT x", "cp-1 AAAA fd00::1", "api AAAA fd00::1", "_ssh._tcp.cp-1 SRV 0 0 22 cp-1"))).toEqual([]);
  });

  test("takes names of every network's reverse zone", () => {
    expect(said(SUBNET, records("10.78.0.7 PTR printer", "10.77.0.7 PTR scanner"))).toEqual([]);
  });

  test("forwards a zone that ends with the same letters, holds ours, or is a part of it that nobody here is in", () => {
    expect(said("", "dns: { forward: [{ zone: lan, servers: [192.0.2.1] }, { zone: mydemo.lan, servers: [192.0.2.1] }] }")).toEqual([]);
    expect(
      said("", "dns: { forward: [{ zone: ad.demo.lan, servers: [192.0.2.1] }, { zone: 10.in-addr.arpa, servers: [192.0.2.1] }] }"),
    ).toEqual([]);
  });
});

describe("Secure Boot", () => {
  const machines = (text: string) => {
    const parsed = parse(text, "x");
    return parsed.ok && parsed.cluster.machines.map(({ secureBoot }) => secureBoot);
  };
  test("is off unless the description says it, for all or for one machine", () => {
    const one = (text: string, said: string) => text.replace("worker-1,", `worker-1, secureBoot: ${said},`);
    expect(machines(small)).toEqual([false, false, false]);
    expect(machines(`${small}\nsecureBoot: yes\n`)).toEqual([true, true, true]);
    expect(machines(one(small, "yes"))).toEqual([false, true, false]);
    expect(machines(one(`${small}\nsecureBoot: yes\n`, "no"))).toEqual([true, false, true]);
  });
});

test("a description as long as one may be is judged as any other, however its parts lie to each other", () => {
  const ranges = Array.from({ length: 15_000 }, (_, index) => `10.77.0.${100 + (index % 50)}-10.77.0.${150 + (index % 50)}`).join(", ");
  const routers = Array.from({ length: 15_000 }, (_, index) => `10.77.0.${index % 100}`).join(", ");
  const records = Array.from({ length: 8000 }, (_, index) => `a TXT ${index % 4000}`).join(", ");
  const text = small.replace("10.77.0.100-10.77.0.199", `[${ranges}]`).replace("routers: [10.77.0.1]", `routers: [${routers}]`);
  const parsed = parse(`${text}\ndns: { records: [${records}] }`, "x");
  expect(parsed.ok).toBe(false);
  const subnets = Array.from({ length: 20_000 }, () => "{ subnet: 10.1.0.0/24 }").join(", ");
  expect(said(`subnets: [${subnets}]`)).toContainEqual(expect.stringContaining("network.subnets: has more than 1000 items; write fewer"));
});

test("in a 2016-form description the API's name gives way to a machine that has it", () => {
  const original = fixture("original.yml");
  const api = (text: string) => {
    const parsed = parse(text, "x");
    return parsed.ok && parsed.cluster.dns.api;
  };
  expect(api(original)).toBe("api");
  expect(api(original.replace("master-1", "api"))).toBe("kube-api");
});
