import { expect, test } from "vitest";
import { Clients } from "../../../bootstrapper/dns/clients.ts";
import { cookieFor, isGenuine } from "../../../bootstrapper/dns/cookies.ts";
import { ipv4 } from "../../../cluster/address.ts";

const strangers = (): Clients => new Clients((address) => address.startsWith("10."));
const at = (last: number, network = "192.0.2"): ReturnType<typeof ipv4> => ipv4(`${network}.${last}`);

test("a network of strangers gets fifty answers at once, then every second question an empty one", () => {
  const clients = strangers();
  const got = Array.from({ length: 60 }, (_, index) => clients.allowance(at(index), 0));
  expect(got.slice(0, 50).every((one) => one === "answer")).toBe(true);
  expect(got.slice(50)).toEqual(Array.from({ length: 5 }, () => ["silence", "truncated"]).flat());
  expect(clients.allowance(at(1, "192.0.3"), 0)).toBe("answer");
});

test("fifty more come with each second", () => {
  const clients = strangers();
  for (let i = 0; i < 80; i++) clients.allowance(at(1), 0);
  const later = Array.from({ length: 60 }, () => clients.allowance(at(1), 1000));
  expect(later.filter((one) => one === "answer")).toHaveLength(50);
});

test("of forged networks ten thousand are remembered, and the longest not heard of is forgotten", () => {
  const clients = strangers();
  const forged = (count: number, first: number): void => {
    for (let i = 0; i < count; i++) clients.allowance(ipv4(`${first}.${i >> 8}.${i & 255}.1`), 0);
  };
  for (let i = 0; i < 60; i++) clients.allowance(at(1), 0);
  forged(9_999, 20);
  expect(clients.allowance(at(1), 0)).not.toBe("answer");
  forged(10_000, 21);
  expect(clients.allowance(at(1), 0)).toBe("answer");
});

test("whether an address is ours is asked once, and again when the subnets change", () => {
  const asked: string[] = [];
  const clients = new Clients((address) => asked.push(address) > 0);
  expect([clients.isOurs(ipv4("10.0.0.1")), clients.isOurs(ipv4("10.0.0.1"))]).toEqual([true, true]);
  expect(asked).toHaveLength(1);
  clients.change(() => false);
  expect(clients.isOurs(ipv4("10.0.0.1"))).toBe(false);
});

test("a client has a hundred questions waiting at most, and another client its own hundred", () => {
  const clients = strangers();
  const [one, other] = [ipv4("10.0.0.1"), ipv4("10.0.0.2")];
  expect(Array.from({ length: 101 }, () => clients.enter(one)).filter(Boolean)).toHaveLength(100);
  expect(clients.enter(other)).toBe(true);
  clients.leave(one);
  expect([clients.enter(one), clients.enter(one)]).toEqual([true, false]);
});

const secret = Buffer.alloc(16, 1);
const mine = Buffer.from("12345678");
const home = ipv4("192.0.2.1");

test("a cookie is genuine from the address it was given to, for an hour", () => {
  const cookie = cookieFor(mine, home, secret, 10_000);
  expect(cookie).toHaveLength(24);
  expect([10_000, 13_600, 9_700].map((now) => isGenuine(cookie, home, secret, now))).toEqual([true, true, true]);
  expect([13_601, 9_699].map((now) => isGenuine(cookie, home, secret, now))).toEqual([false, false]);
});

// biome-ignore format: a table
test.each([
  { what: "the client's half alone",   cookie: mine },
  { what: "another version",           cookie: ((bytes) => { bytes[8] = 2; return bytes; })(cookieFor(mine, home, secret, 10_000)) },
  { what: "another time",              cookie: ((bytes) => { bytes[15]! ^= 1; return bytes; })(cookieFor(mine, home, secret, 10_000)) },
  { what: "another client's half",     cookie: Buffer.concat([Buffer.from("87654321"), cookieFor(mine, home, secret, 10_000).subarray(8)]) },
  { what: "another address",           cookie: cookieFor(mine, ipv4("192.0.2.2"), secret, 10_000) },
  { what: "another server's secret",   cookie: cookieFor(mine, home, Buffer.alloc(16, 2), 10_000) },
  { what: "40 bytes",                  cookie: Buffer.alloc(40) },
])("$what is no genuine cookie", ({ cookie }) => {
  expect(isGenuine(cookie, home, secret, 10_000)).toBe(false);
});
