/** A port for a server of a test that is told its port before it starts. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that systems give to clients (32768 and up on Linux), so that no connection of another test takes it meanwhile. */
const LOWEST = 12_000;
const HIGHEST = 32_000;
/** Where to look next: never twice the same in one process, and hardly ever where another one looks. */
let next = LOWEST + 2 * Math.floor(Math.random() * ((HIGHEST - LOWEST) / 2));

/** Free for UDP and TCP on this address, as is the port after it: DHCP answers to that one. */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = next;
    next = port + 2 < HIGHEST ? port + 2 : LOWEST;
    if ((await isFree(port, address)) && (await isFree(port + 1, address))) return port;
  }
}

async function isFree(port: number, address: string): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket("udp4");
  try {
    await once(tcp.listen(port, address), "listening");
    udp.bind(port, address);
    await once(udp, "listening");
    return true;
  } catch {
    return false;
  } finally {
    if (tcp.listening) await new Promise((resolve) => tcp.close(resolve));
    await new Promise<void>((resolve) => udp.close(resolve));
  }
}
