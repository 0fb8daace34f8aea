/** Runs the DHCP server of the test rack on the real ports, in whatever network namespace it was started; says READY, then its journal. */
import { startDhcp } from "../../bootstrapper/dhcp/service.ts";
import { install, rack, SERVER } from "./dhcp.ts";
import { memoryStore } from "./memory-store.ts";

const dhcp = await startDhcp({
  cluster: rack(),
  server: SERVER,
  store: memoryStore(),
  nextBoot: () => install,
  onSeen: () => {},
  journal: ({ mac, text }) => console.log(mac ? `${mac} ${text}` : text),
  now: Date.now,
});
console.log("READY");
process.once("SIGTERM", () => void dhcp.close());
