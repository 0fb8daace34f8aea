/** Kea's DHCP server, its leases in a file (memfile). */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CARD, RANGE, SERVER, SUBNET } from "../lab.ts";
import { hasPort, start } from "../processes.ts";
import { BOOT_FILE, LEASE, PORTS, type Server } from "./server.ts";

export const kea: Server = {
  name: "kea",
  serves: ["dhcp"],
  remarks: { dhcp: "appends each lease to its file before the ACK and leaves it to the kernel when that reaches the disk" },
  start(lab) {
    const folder = lab.room("kea");
    const config = join(folder, "kea.json");
    writeFileSync(config, JSON.stringify(configuration(join(folder, "leases.csv")), null, 1));
    const places = ["KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR", "KEA_LOGGER_DESTINATION"].map((name) =>
      name === "KEA_LOGGER_DESTINATION" ? `${name}=stdout` : `${name}=${folder}`,
    );
    const command = lab.at("server", ["env", ...places, "kea-dhcp4", "-c", config]);
    return start(command, join(folder, "log"), (pid) => hasPort(pid, PORTS.dhcp));
  },
};

const configuration = (leases: string) => ({
  Dhcp4: {
    "interfaces-config": { interfaces: [CARD], "dhcp-socket-type": "raw" },
    "lease-database": { type: "memfile", persist: true, name: leases, "lfc-interval": 0 },
    "valid-lifetime": LEASE,
    authoritative: true,
    "boot-file-name": BOOT_FILE,
    "next-server": SERVER,
    subnet4: [
      {
        subnet: SUBNET,
        pools: [{ pool: `${RANGE.first} - ${RANGE.last}` }],
        "option-data": [
          { name: "routers", data: SERVER },
          { name: "domain-name-servers", data: SERVER },
        ],
      },
    ],
    loggers: [{ name: "kea-dhcp4", severity: "WARN", output_options: [{ output: "stdout" }] }],
  },
});
