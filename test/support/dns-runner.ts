/** A DNS server in a process of its own, on port 53 of the address it is given: for a network namespace. Says "ready" when it serves. */
import { writeFileSync } from "node:fs";
import { ipv4 } from "../../cluster/address.ts";
import { serveDns } from "./dns.ts";

const server = await serveDns({ address: ipv4(process.argv[2]!), port: 53 });
writeFileSync(1, "ready\n");
process.once("SIGTERM", () => void server.close().then(() => process.exit(0)));
