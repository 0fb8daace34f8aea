/** Options by name, from cluster-desc.yml to what a client that others wrote understands of them. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DhcpOption } from "../../../cluster/cluster.ts";
import { parse } from "../../../cluster/parse.ts";
import { fixture } from "../../cluster/golden.ts";
import { stranger } from "../../support/dhcp.ts";
import { type DhcpNetwork, dhcpNetwork } from "../../support/dhcp-network.ts";

/** Each as it is written in the description, and as dhclient writes it into its lease file. */
const OPTIONS: Readonly<Record<string, { readonly written: string; readonly understood: string }>> = {
  "domain-search": { written: "[eng.lab.test, lab.test, example.com]", understood: '"eng.lab.test.", "lab.test.", "example.com."' },
  mtu: { written: "1400", understood: "1400" },
  "time-offset": { written: "-18000", understood: "-18000" },
  "log-servers": { written: "[10.77.0.5, 10.77.0.6]", understood: "10.77.0.5,10.77.0.6" },
  "ntp-server": { written: "10.77.0.7", understood: "10.77.0.7" },
  "ip-forwarding": { written: "yes", understood: "true" },
  "default-ip-ttl": { written: "64", understood: "64" },
  "arp-cache-timeout": { written: "90", understood: "90" },
  "path-mtu-plateau-table": { written: "[68, 1500]", understood: "68,1500" },
  "static-routes": { written: "[10.99.0.1 10.77.0.9]", understood: "10.99.0.1 10.77.0.9" },
  "nis-domain": { written: "yellow", understood: '"yellow"' },
  "root-path": { written: '"10.77.0.1:/srv/root, v3"', understood: '"10.77.0.1:/srv/root, v3"' },
  "classless-static-route": {
    written: "[default via 10.77.0.254, 172.16.0.0/12 via 10.77.0.9]",
    understood: "0,10,77,0,254,12,172,16,10,77,0,9",
  },
  "captive-portal": { written: "https://portal.lab.test/", understood: '"https://portal.lab.test/"' },
  "loader-reboottime": { written: "30", understood: "30" },
  "224": { written: "hex:00ff10", understood: "0:ff:10" },
};

/** What dhclient calls them where it has another name, or none of its own. */
const THEIRS: Readonly<Record<string, string>> = {
  mtu: "interface-mtu",
  "ntp-server": "ntp-servers",
  "classless-static-route": "routes-of-3442",
  "captive-portal": "portal",
  "loader-reboottime": "reboottime",
  "224": "site-224",
};
const DEFINITIONS = [
  "option routes-of-3442 code 121 = array of unsigned integer 8;",
  "option portal code 114 = text;",
  "option reboottime code 211 = unsigned integer 32;",
  "option site-224 code 224 = string;",
];
const theirName = (name: string): string => THEIRS[name] ?? name;

function described(): readonly DhcpOption[] {
  const lines = Object.entries(OPTIONS).map(([name, { written }]) => `    ${name}: ${written}\n`);
  const parsed = parse(fixture("small.yml").replace("network:\n", `network:\n  options:\n${lines.join("")}`), "x");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.cluster.network.options;
}

let network: DhcpNetwork;
beforeAll(async () => {
  network = await dhcpNetwork({ network: { options: described() } });
});
afterAll(() => network?.close());

test("dhclient understands every option as it was meant", async () => {
  const client = await network.client(stranger(1));
  const at = (name: string): string => join(client.folder, name);
  await writeFile(at("set-up"), '#!/bin/sh\n[ "$reason" != PREINIT ] || ip link set "$interface" up\nexit 0\n');
  await chmod(at("set-up"), 0o755);
  await writeFile(at("conf"), `${DEFINITIONS.join("\n")}\nrequest ${Object.keys(OPTIONS).map(theirName).join(", ")};\n`);
  await client.run(30, "dhclient", "-4", "-1", "-cf", at("conf"), "-sf", at("set-up"), "-lf", at("leases"), "-pf", at("pid"), "eth0");
  const lease = await readFile(at("leases"), "utf8");
  const understood = new Map([...lease.matchAll(/^ *option (\S+) (.*);$/gm)].map(([, name, value]) => [name, value]));
  for (const [name, option] of Object.entries(OPTIONS)) expect([name, understood.get(theirName(name))]).toEqual([name, option.understood]);
});
