import { describe, expect, test } from "vitest";
import { exportLeases, type LeaseFormat } from "../../../bootstrapper/dhcp/export.ts";
import type { Lease } from "../../../bootstrapper/dhcp/leases.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { NOON, stranger } from "../../support/dhcp.ts";

const HOUR = 3_600_000;
const LEASES: readonly Lease[] = [
  { address: ipv4("10.77.0.101"), mac: stranger(2), state: "bound", endsAt: NOON - HOUR },
  { address: ipv4("10.77.0.100"), mac: stranger(1), state: "bound", endsAt: NOON + HOUR, hostname: "printer", clientId: "01abcd" },
  { address: ipv4("10.77.0.9"), mac: stranger(3), state: "bound" },
  { address: ipv4("10.77.0.102"), mac: stranger(4), state: "declined", endsAt: NOON + HOUR },
  { address: ipv4("10.77.0.103"), mac: stranger(5), state: "offered", endsAt: NOON + HOUR },
  { address: ipv4("10.77.0.104"), mac: stranger(6), state: "released", endsAt: NOON - HOUR },
];
const said = (format: LeaseFormat): readonly string[] => exportLeases(LEASES, format, NOON);

describe("the lease book", () => {
  test("is a table in the order of addresses, in which one sees when each ends", () => {
    expect(said("text").map((line) => line.replace(/ {2,}/g, " | "))).toEqual([
      "ADDRESS | MAC | STATE | NAME | UNTIL",
      "10.77.0.9 | 02:00:00:00:00:03 | runs | - | never ends",
      "10.77.0.100 | 02:00:00:00:00:01 | runs | printer | 2026-01-01T13:00:00Z (in 60 min)",
      "10.77.0.101 | 02:00:00:00:00:02 | ended | - | 2026-01-01T11:00:00Z (60 min ago)",
      "10.77.0.102 | 02:00:00:00:00:04 | in quarantine | - | 2026-01-01T13:00:00Z (in 60 min)",
      "10.77.0.103 | 02:00:00:00:00:05 | offered | - | 2026-01-01T13:00:00Z (in 60 min)",
      "10.77.0.104 | 02:00:00:00:00:06 | given back | - | 2026-01-01T11:00:00Z (60 min ago)",
    ]);
  });

  test("is JSON that a program reads back", () => {
    const rows = JSON.parse(said("json").join("\n")) as object[];
    expect(rows).toHaveLength(LEASES.length);
    expect(rows[1]).toEqual({
      address: "10.77.0.100",
      mac: stranger(1),
      hostname: "printer",
      clientId: "01abcd",
      standing: "runs",
      ends: "2026-01-01T13:00:00Z",
    });
  });

  test("is CSV with one name for each column", () => {
    const [head = "", ...rows] = said("csv");
    expect(rows.every((row) => row.split(",").length === head.split(",").length)).toBe(true);
    expect(rows[0]).toBe("10.77.0.9,02:00:00:00:00:03,runs,,never,");
  });

  test("is a lease file of dnsmasq, with what runs", () => {
    expect(said("dnsmasq")).toEqual([
      "0 02:00:00:00:00:03 10.77.0.9 * *",
      `${NOON / 1000 + 3600} 02:00:00:00:00:01 10.77.0.100 printer 01:ab:cd`,
    ]);
  });

  test("is a lease file of Kea, with what is in use, declined or over", () => {
    const [head = "", ...rows] = said("kea");
    expect(head).toBe("address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context");
    expect(rows).toHaveLength(5);
    expect(rows[1]).toBe(`10.77.0.100,02:00:00:00:00:01,01:ab:cd,3600,${NOON / 1000 + 3600},1,0,0,printer,0,`);
    expect(rows[3]).toMatch(/^10\.77\.0\.102,,,3600,\d+,1,0,0,,1,$/);
  });
});
