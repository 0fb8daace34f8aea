/** tftpd-hpa: a process for each transfer. */
import { join } from "node:path";
import { hasPort, start } from "../processes.ts";
import { PORTS, type Server } from "./server.ts";
import { unpacked } from "./unpacked.ts";

export const tftpdHpa: Server = {
  name: "tftpd-hpa",
  serves: ["tftp"],
  start(lab, _, { tftp }) {
    const program = unpacked("tftpd-hpa", "usr/sbin/in.tftpd");
    const command = lab.at("server", [program, "-4", "-L", "--secure", "--user", "root", "--address", ":69", tftp]);
    return start(command, join(lab.room("tftpd-hpa"), "log"), (pid) => hasPort(pid, PORTS.tftp));
  },
};
