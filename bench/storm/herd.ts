/** The program inside the machines' namespace: all machines at once, and what became of them as JSON. */
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Dhcp } from "./dhcp.ts";
import { secureContext } from "./http.ts";
import { type Life, live, type World } from "./machine.ts";
import { tftpCounts } from "./tftp.ts";

/** What it is told, as JSON in its only argument. */
export interface HerdOrder {
  readonly server: string;
  /** Path of the CA certificate. */
  readonly ca: string;
  /** Twelve hexadecimal digits each. */
  readonly macs: readonly string[];
  readonly sizes: World["sizes"];
  /** Seconds after which those still under way have failed. */
  readonly limit: number;
}

export interface HerdResult {
  readonly lives: readonly Life[];
  readonly retries: { readonly dhcp: number; readonly tftp: number; readonly http: Readonly<Record<string, number>> };
  /** Seconds of processor time that the machines themselves took. */
  readonly cpu: number;
}

const order = JSON.parse(process.argv[2]!) as HerdOrder;
const addresses = spawn("ip", ["-batch", "-"], { stdio: ["pipe", "ignore", "inherit"] });
const owned = new Map<string, Promise<void>>();

/** Adds it to this host as one of its own, and waits until the kernel knows. */
function own(address: string): Promise<void> {
  const known = owned.get(address);
  if (known) return known;
  addresses.stdin.write(`route add local ${address}/32 dev lo\n`);
  const added = (async () => {
    while (!(await canBind(address))) await sleep(2);
  })();
  owned.set(address, added);
  return added;
}

function canBind(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4").once("error", () => resolve(false));
    socket.bind({ address, port: 0, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

const dhcp = await Dhcp.open();
const retried = new Map<string, number>();
const world: World = { server: order.server, dhcp, ca: secureContext(readFileSync(order.ca, "utf8")), own, sizes: order.sizes, retried };
const late = new Promise<Life>((resolve) => {
  setTimeout(() => resolve({ phases: {}, failed: `not finished after ${order.limit} s` }), order.limit * 1000).unref();
});
const lives = await Promise.all(order.macs.map((mac) => Promise.race([live(Buffer.from(mac, "hex"), world), late])));
const { user, system } = process.cpuUsage();
const result: HerdResult = {
  lives,
  retries: { dhcp: dhcp.retries, tftp: tftpCounts.retries, http: Object.fromEntries(retried) },
  cpu: (user + system) / 1e6,
};
addresses.stdin.end();
process.stdout.write(JSON.stringify(result), () => process.exit(0));
