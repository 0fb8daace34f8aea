/** The storm's wire: two network namespaces joined by one cable, the servers in one and all machines in the other. */
import { readFileSync, writeFileSync } from "node:fs";
import { run } from "../../vm-cluster/command.ts";

export const SERVER = "10.66.0.1";
export const SUBNET = "10.66.0.0/18";
export const NETMASK = "255.255.192.0";
/** Enough addresses for every number of machines that `--machines` takes. */
export const RANGE = { first: "10.66.8.0", last: "10.66.63.250" };

export interface Wire {
  /** Names of the namespaces. */
  readonly servers: string;
  readonly machines: string;
  remove(): Promise<void>;
}

/** The command that runs `command` inside a namespace. */
export const inside = (namespace: string, ...command: readonly string[]): [string, ...string[]] => [
  "nsenter",
  `--net=/run/netns/${namespace}`,
  "--",
  ...command,
];

export async function makeWire(machines: number): Promise<Wire> {
  const [server, client] = [`sxstorm-${process.pid}-s`, `sxstorm-${process.pid}-c`];
  const restore = allowNeighbours(machines * 4);
  const remove = async (): Promise<void> => {
    for (const name of [server, client]) await run("ip", ["netns", "delete", name]).catch(() => {}); // not there: not made, or removed
    restore();
  };
  try {
    for (const name of [server, client]) await run("ip", ["netns", "add", name]);
    await run("ip", ["link", "add", "eth0", "netns", server, "type", "veth", "peer", "name", "eth0", "netns", client]);
    await batch(server, ["link set lo up", "link set eth0 up", `address add ${SERVER}/18 brd + dev eth0`]);
    // The card has no address of its own, as before DHCP; each lease becomes a local address when a machine gets it.
    await batch(client, ["link set lo up", "link set eth0 up", `route add ${SUBNET} dev eth0`, "route add 255.255.255.255 dev eth0"]);
    return { servers: server, machines: client, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function batch(namespace: string, lines: readonly string[]): Promise<void> {
  const [program, ...args] = inside(namespace, "ip", "-batch", "-");
  await run(program, args, { input: `${lines.join("\n")}\n` });
}

/** The kernel's ARP table is one for all namespaces and has room for 1024 neighbours. Answers how to put back what was there. */
function allowNeighbours(wanted: number): () => void {
  const before = [1, 2, 3].map((level) => {
    const path = `/proc/sys/net/ipv4/neigh/default/gc_thresh${level}`;
    return { path, value: readFileSync(path, "utf8").trim() };
  });
  for (const { path, value } of before) writeFileSync(path, String(Math.max(Number(value), wanted)));
  return () => {
    for (const { path, value } of before) writeFileSync(path, value);
  };
}
