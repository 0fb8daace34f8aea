import { expect, test } from "vitest";
import type { Lease } from "../../../bootstrapper/dns/records.ts";
import { ipv4, mac } from "../../../cluster/address.ts";
import { rack } from "../../support/dns.ts";

const lease = (hostname: string, last = 99): Lease => ({
  mac: mac(`52:54:00:00:00:${last}`),
  address: ipv4(`10.0.0.${100 + last}`),
  hostname,
});

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
])("$name has the addresses $has", ({ name, has }) => {
  expect(rack().names.get(name)).toEqual(has);
});

test("an address is named after its listed machine, else after what its holder claims, else after its MAC", () => {
  const { addresses } = rack([
    ...[lease("", 98)],
    { mac: mac("52:54:00:00:00:12"), address: ipv4("10.0.0.150"), hostname: "debian" },
    lease("stranger"),
  ]);
  expect(Object.fromEntries(addresses)).toEqual({
    "10.0.0.1": "bootstrapper",
    "10.0.0.11": "cp-1",
    "10.0.0.150": "w-1",
    "10.0.0.199": "stranger",
    "10.0.0.198": "52-54-00-00-00-98",
  });
});

// biome-ignore format: a table
test.each([
  { claims: "My_Host.example.com", becomes: "my-host" },
  { claims: "-edge-",              becomes: "edge" },
  { claims: "bootstrapper",        becomes: undefined },
  { claims: "CP-1",                becomes: undefined },
  { claims: "w-2",                 becomes: undefined },
  { claims: "52-54-00-00-00-13",   becomes: undefined },
  { claims: "52-54-00-00-00-77",   becomes: undefined },
  { claims: "wpad",                becomes: undefined },
  { claims: "localhost",           becomes: undefined },
  { claims: "a".repeat(64),        becomes: undefined },
  { claims: "two words",           becomes: undefined },
  { claims: "x\u0000y",            becomes: undefined },
  { claims: "müller",              becomes: undefined },
  { claims: "",                    becomes: undefined },
])("a lease that claims $claims becomes $becomes", ({ claims, becomes }) => {
  const { names, addresses } = rack([lease(claims)]);
  const held = ipv4("10.0.0.199");
  expect([...names].filter(([, has]) => has.includes(held)).map(([name]) => name)).toEqual([...(becomes ? [becomes] : []), "52-54-00-00-00-99"]);
  expect(addresses.get(held)).toBe(becomes ?? "52-54-00-00-00-99");
});

test("of two leases that claim one name the first has it", () => {
  expect(rack([lease("twin", 98), lease("twin", 99)]).names.get("twin")).toEqual(["10.0.0.198"]);
});
