/** unbound, which answers for the cluster's domain from its local data. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOAD, SERVER } from "../lab.ts";
import { hasPort, start } from "../processes.ts";
import { DOMAIN, PORTS, type Server } from "./server.ts";

export const unbound: Server = {
  name: "unbound",
  serves: ["dns"],
  start(lab, _, { names }) {
    const folder = lab.room("unbound");
    const config = join(folder, "unbound.conf");
    const lines = [
      "server:",
      `  interface: ${SERVER}`,
      `  access-control: ${LOAD}/8 allow`,
      "  do-daemonize: no",
      '  username: ""',
      '  chroot: ""',
      `  directory: "${folder}"`,
      '  pidfile: ""',
      "  use-syslog: no",
      "  so-rcvbuf: 4m",
      '  module-config: "iterator"',
      `  local-zone: "${DOMAIN}." static`,
      ...names.map(({ name, address }) => `  local-data: "${name}. 60 IN A ${address}"`),
      "remote-control:",
      "  control-enable: no",
      "",
    ];
    writeFileSync(config, lines.join("\n"));
    const command = lab.at("server", ["unbound", "-d", "-c", config]);
    return start(command, join(folder, "log"), (pid) => hasPort(pid, PORTS.dns));
  },
};
