/** A DHCP server on loopback with a real state folder, which its test kills; says the port that it listens on. */
import { startDhcp } from "../../../bootstrapper/dhcp/service.ts";
import { openStore } from "../../../bootstrapper/store/file-store.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { install, onLoopback } from "../../support/dhcp.ts";

const [folder = "", client = ""] = process.argv.slice(2);
const port = Number(client);
const dhcp = await startDhcp({
  cluster: onLoopback({ ranges: [{ first: ipv4("127.0.0.20"), last: ipv4("127.0.0.250") }] }),
  server: ipv4("127.0.0.1"),
  store: await openStore(folder),
  nextBoot: () => install,
  onSeen: () => {},
  journal: () => {},
  now: Date.now,
  ports: { server: 0, client: port, relay: port, pxe: 0 },
});
console.log(`PORT ${dhcp.port}`);
