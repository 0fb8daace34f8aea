import { expect, test } from "vitest";
import { described, ForeignServers } from "../../../bootstrapper/dhcp/foreign.ts";
import { fromNumber, ipv4, mac } from "../../../cluster/address.ts";

const OTHER = ipv4("10.0.0.254");
const HOUR = 3_600_000;

test("a foreign server is told of once, and again when it is still there an hour later", () => {
  const servers = new ForeignServers();
  expect([0, 1000, HOUR - 1, HOUR, HOUR + 1].map((now) => servers.note(OTHER, "eth1", now))).toEqual([true, false, false, true, false]);
});

test("it is named with all that is known of it, and forgotten by the status page when it is quiet", () => {
  const servers = new ForeignServers();
  servers.note(OTHER, undefined, 0);
  expect(servers.present(0).map(described)).toEqual(["10.0.0.254"]);
  servers.note(OTHER, "eth1", 1000);
  servers.learn(OTHER, mac("52:54:00:00:00:01"));
  servers.note(OTHER, undefined, 2000);
  expect(servers.present(2000).map(described)).toEqual(["10.0.0.254 (52:54:00:00:00:01) on eth1"]);
  expect(servers.present(HOUR)).toEqual([]);
});

test("whoever makes up servers is not listened to for long", () => {
  const servers = new ForeignServers();
  const told = Array.from({ length: 1000 }, (_, number) => servers.note(fromNumber(number), undefined, 0));
  expect(told.filter(Boolean)).toHaveLength(16);
  expect(servers.note(OTHER, undefined, HOUR)).toBe(true);
});
