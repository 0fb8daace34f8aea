/** atftpd: a thread for each transfer. */
import { join } from "node:path";
import { hasPort, start } from "../processes.ts";
import { PORTS, type Server } from "./server.ts";
import { unpacked } from "./unpacked.ts";

export const atftpd: Server = {
  name: "atftpd",
  serves: ["tftp"],
  start(lab, _, { tftp }) {
    const program = unpacked("atftpd", "usr/sbin/atftpd");
    const words = ["--daemon", "--no-fork", "--user", "root", "--group", "root", "--port", "69", "--maxthread", "2000", "--verbose=3"];
    const log = join(lab.room("atftpd"), "log");
    return start(lab.at("server", [program, ...words, "--logfile", log, tftp]), log, (pid) => hasPort(pid, PORTS.tftp));
  },
};
