/** dnsmasq: DHCP, TFTP and DNS. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { netmask } from "../../cluster/address.ts";
import { CARD, PREFIX, RANGE, SERVER } from "../lab.ts";
import { hasPort, start } from "../processes.ts";
import { BOOT_FILE, DOMAIN, LEASE, PORTS, type Protocol, type Server, type Work } from "./server.ts";

export const dnsmasq: Server = {
  name: "dnsmasq",
  serves: ["dhcp", "tftp", "dns"],
  start(lab, protocol, work) {
    const folder = lab.room("dnsmasq");
    const config = join(folder, "dnsmasq.conf");
    writeFileSync(config, [...COMMON, ...ONLY[protocol](folder, work), ""].join("\n"));
    const command = lab.at("server", ["dnsmasq", "--keep-in-foreground", `--conf-file=${config}`]);
    return start(command, join(folder, "log"), (pid) => hasPort(pid, PORTS[protocol]));
  },
};

const COMMON = ["user=root", "group=", "pid-file=", "log-facility=-", `interface=${CARD}`, "bind-interfaces", "no-resolv", "no-hosts"];

const ONLY: Record<Protocol, (folder: string, work: Work) => readonly string[]> = {
  dhcp: (folder) => [
    "port=0",
    `dhcp-range=${RANGE.first},${RANGE.last},${netmask(PREFIX)},${LEASE}`,
    "dhcp-lease-max=200000",
    "dhcp-authoritative",
    "no-ping",
    "quiet-dhcp",
    `dhcp-leasefile=${join(folder, "leases")}`,
    `dhcp-boot=${BOOT_FILE}`,
    `dhcp-option=option:dns-server,${SERVER}`,
    `dhcp-option=option:router,${SERVER}`,
  ],
  tftp: (_, { tftp }) => ["port=0", "enable-tftp", `tftp-root=${tftp}`, "tftp-max=2000", "quiet-tftp"],
  dns: (folder, { names }) => {
    const hosts = join(folder, "hosts");
    writeFileSync(hosts, names.map(({ name, address }) => `${address} ${name}\n`).join(""));
    return [`addn-hosts=${hosts}`, `local=/${DOMAIN}/`, "cache-size=10000"];
  },
};
