/** Kea's DHCP server, its leases in a file (memfile). */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CARD, RANGE, SERVER, SUBNET } from "../lab.ts";
import { hasPort, start } from "../processes.ts";
import { BOOT_FILE, LEASE, PORTS, type Server } from "./server.ts";

export const kea = keeping("kea", () => undefined);

/** The same on files that the kernel writes to the disk before a write returns (chattr(1), S): durable, as the others are. */
export const keaSynced = keeping("kea, synced", (folder) => execFileSync("chattr", ["+S", folder]));

function keeping(name: string, prepare: (folder: string) => unknown): Server {
  return {
    name,
    serves: ["dhcp"],
    start(lab) {
      const folder = lab.room("kea");
      const leases = join(folder, "leases");
      mkdirSync(leases);
      prepare(leases);
      const config = join(folder, "kea.json");
      writeFileSync(config, JSON.stringify(configuration(join(leases, "leases.csv")), null, 1));
      const places = [`KEA_PIDFILE_DIR=${folder}`, `KEA_LOCKFILE_DIR=${folder}`, "KEA_LOGGER_DESTINATION=stdout"];
      const command = lab.at("server", ["env", ...places, "kea-dhcp4", "-c", config]);
      return start(command, join(folder, "log"), (pid) => hasPort(pid, PORTS.dhcp));
    },
  };
}

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
