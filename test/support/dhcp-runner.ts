/**
 * Runs the DHCP server of the test rack on the real ports, in whatever network namespace it was started; says READY, then its journal. Its
 * argument, as JSON, is what differs from the rack's network.
 */
import { startDhcp } from "../../bootstrapper/dhcp/service.ts";
import { ownAddresses } from "../../bootstrapper/wire/addresses.ts";
import type { Network } from "../../cluster/cluster.ts";
import { install, rack, SERVER } from "./dhcp.ts";
import { memoryStore } from "./memory-store.ts";

const changes = JSON.parse(process.argv[2] ?? "{}") as Partial<Network>;
const dhcp = await startDhcp({
  cluster: rack(changes),
  server: SERVER,
  store: memoryStore(),
  nextBoot: () => install,
  onSeen: () => {},
  journal: ({ mac, text }) => console.log(mac ? `${mac} ${text}` : text),
  now: Date.now,
  here: ownAddresses,
  probe: true,
});
console.log("READY");
process.once("SIGTERM", () => void dhcp.close());
