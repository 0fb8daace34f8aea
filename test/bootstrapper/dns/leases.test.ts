import { expect, test } from "vitest";
import { answer } from "../../../bootstrapper/dns/answer.ts";
import { LeaseWatch } from "../../../bootstrapper/dns/lease-watch.ts";
import { type Lease, leasesOf } from "../../../bootstrapper/dns/leases.ts";
import { TYPES } from "../../../bootstrapper/dns/numbers.ts";
import { shown } from "../../../bootstrapper/dns/rdata.ts";
import { ipv4, mac, reverseName } from "../../../cluster/address.ts";
import { LEASES, world } from "../../support/dns.ts";

const lease = (hostname: string, last = 99): Lease => ({
  mac: mac(`52:54:00:00:00:${last}`),
  address: ipv4(`10.0.0.${100 + last}`),
  hostname,
});
function ask(name: string, type: number, held: readonly Lease[] = LEASES): string[] | undefined {
  const decision = answer({ name, type, class: 1, recursionDesired: true }, world({}, { held }));
  if (decision.do !== "reply" || decision.reply.rcode === 3) return undefined;
  return decision.reply.answers.map(({ type, data }) => shown(type, data));
}
const named = (label: string, held?: readonly Lease[]): string[] | undefined => ask(`${label}.cluster.lab`, TYPES.A, held);
const nameOf = (address: string, held?: readonly Lease[]): string | undefined => ask(reverseName(ipv4(address)), TYPES.PTR, held)?.[0];

// biome-ignore format: a table
test.each([
  { name: "bootstrapper",      has: ["10.0.0.1"] },
  { name: "cp-1",              has: ["10.0.0.11"] },
  { name: "52-54-00-00-00-11", has: ["10.0.0.11"] },
  { name: "w-1",               has: ["10.0.0.150"] },
  { name: "w-2",               has: [] },
  { name: "52-54-00-00-00-13", has: [] },
  { name: "52-54-00-00-00-99", has: ["10.0.0.199"] },
  { name: "stranger",          has: ["10.0.0.199"] },
  { name: "debian",            has: ["10.0.0.150"] },
  { name: "nobody",            has: undefined },
])("$name has the addresses $has", ({ name, has }) => {
  expect(named(name)).toEqual(has);
});

test("an address is named after its listed machine, else after what its holder claims, else after its MAC", () => {
  const held = [lease("", 98), { mac: mac("52:54:00:00:00:12"), address: ipv4("10.0.0.150"), hostname: "debian" }, lease("stranger")];
  const addresses = ["10.0.0.1", "10.0.0.11", "10.0.0.150", "10.0.0.199", "10.0.0.198", "10.0.0.77"];
  expect(addresses.map((address) => nameOf(address, held))).toEqual([
    "bootstrapper.cluster.lab",
    "cp-1.cluster.lab",
    "w-1.cluster.lab",
    "stranger.cluster.lab",
    "52-54-00-00-00-98.cluster.lab",
    undefined,
  ]);
});

// DHCP lets nobody claim these; should it ever, they still are not theirs.
test.each(["bootstrapper", "cp-1", "w-2", "api", "52-54-00-00-00-13", "52-54-00-00-00-77", "wpad", "localhost", "isatap"])(
  "no lease can take the name %s",
  (claim) => {
    expect(named(claim, [lease(claim)]) ?? []).not.toContain("10.0.0.199");
    expect(nameOf("10.0.0.199", [lease(claim)])).toBe("52-54-00-00-00-99.cluster.lab");
  },
);

test("of two leases that claim one name the first has it", () => {
  expect(named("twin", [lease("twin", 98), lease("twin", 99)])).toEqual(["10.0.0.198"]);
});

test("a change of leases is noticed, however they are listed, and not looked for too often", () => {
  let list: readonly Lease[] = LEASES;
  let now = 0;
  const watch = new LeaseWatch({ ...leasesOf([]), all: () => list });
  expect(watch.changed(() => now)).toBe(false);
  list = [...LEASES].reverse();
  now = 2000;
  expect(watch.changed(() => now)).toBe(false);
  list = [...LEASES, lease("new", 55)];
  now = 2500;
  expect(watch.changed(() => now)).toBe(false);
  now = 4000;
  expect(watch.changed(() => now)).toBe(true);
  now = 6000;
  expect(watch.changed(() => now)).toBe(false);
});
