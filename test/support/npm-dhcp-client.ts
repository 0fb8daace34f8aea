/** The `dhcp` package as a client: asks for an address for the MAC it is given and prints what it was told, as JSON. */
import { createRequire } from "node:module";

interface Told {
  readonly yiaddr: string;
  readonly options: Readonly<Record<string, unknown>>;
}
interface Client {
  on(event: "listening", handler: () => void): void;
  on(event: "message", handler: (told: Told) => void): void;
  on(event: "bound", handler: (state: { readonly address: string; readonly options: unknown }) => void): void;
  listen(): void;
  sendDiscover(): void;
}
const { createClient } = createRequire(import.meta.url)("dhcp") as { createClient(config: { mac: string; features: string[] }): Client };

const client = createClient({ mac: process.argv[2]!, features: ["hostname", "domainName"] });
// Its first REQUEST names no address; from the second round on it remembers the one it was offered.
let offers = 0;
client.on("listening", () => client.sendDiscover());
// It never asks again by itself, and a datagram may get lost on a busy host.
setInterval(() => client.sendDiscover(), 3000);
client.on("message", () => {
  offers += 1;
  if (offers === 1) setImmediate(() => client.sendDiscover());
});
client.on("bound", ({ address, options }) => {
  console.log(JSON.stringify({ address, options }));
  process.exit(0);
});
client.listen();
