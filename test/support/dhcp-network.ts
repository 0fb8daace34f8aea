/** A network of its own in namespaces: the DHCP server on a bridge, and room for real clients beside it (needs root and iproute2). */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Mac } from "../../cluster/address.ts";
import type { Network } from "../../cluster/cluster.ts";
import { SERVER } from "./dhcp.ts";

const BRIDGE = "52:54:00:77:00:fe";
const SECOND_BRIDGE = "52:54:00:78:00:fe";
const execute = promisify(execFile);
const ip = (...args: readonly string[]) => execute("ip", args);

export interface DhcpNetwork {
  /** The server's journal so far. */
  journal(): string;
  /** A machine with one network card, `eth0`, that is up and has no address, on `br0` unless said otherwise. */
  client(mac: Mac, bridge?: string): Promise<NetworkClient>;
  /** In the server's place. */
  ip(...args: readonly string[]): Promise<unknown>;
  /** Ends the server and every client program, and removes all that was made. */
  close(): Promise<void>;
}

export interface NetworkClient {
  /** Of its namespace. */
  readonly name: string;
  /** For the files of client programs. */
  readonly folder: string;
  ip(...args: readonly string[]): Promise<unknown>;
  /** Runs a program to its end and answers what it said; throws when it fails or takes longer than `seconds`. */
  run(seconds: number, program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program that goes on; `close` of the network ends it. */
  start(program: string, ...args: readonly string[]): ChildProcess;
}

export interface Wanted {
  /** What differs from the rack's network. */
  readonly network?: Partial<Network>;
  /** The server's address on a second bridge, `br1`. */
  readonly second?: string;
}

export async function dhcpNetwork({ network = {}, second }: Wanted = {}): Promise<DhcpNetwork> {
  await sweep();
  const own = `sxdhcp-${process.pid}`;
  const namespaces: string[] = [];
  const children: ChildProcess[] = [];
  const folder = await mkdtemp(join(tmpdir(), "sextant-dhcp-"));
  let journal = "";
  let clients = 0;

  const namespace = async (name: string): Promise<string> => {
    await ip("netns", "add", name);
    namespaces.push(name);
    await ip("-n", name, "link", "set", "lo", "up");
    return name;
  };
  const start = (inside: string, program: string, args: readonly string[]): ChildProcess => {
    const child = spawn("ip", ["netns", "exec", inside, program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return child;
  };
  const close = async (): Promise<void> => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    for (const name of namespaces) {
      const { stdout } = await ip("netns", "pids", name); // dhclient goes on behind our back
      for (const pid of stdout.split("\n").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
      await ip("netns", "del", name);
    }
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const server = await namespace(`${own}-s`);
    const bridge = async (name: string, mac: string, address: string): Promise<void> => {
      // A bridge without a MAC of its own takes its ports' lowest, and with every port that joins its neighbours may lose it.
      await ip("-n", server, "link", "add", name, "address", mac, "type", "bridge", "stp_state", "0", "forward_delay", "0");
      await ip("-n", server, "addr", "add", `${address}/24`, "dev", name);
      await ip("-n", server, "link", "set", name, "up");
    };
    await bridge("br0", BRIDGE, SERVER);
    if (second !== undefined) await bridge("br1", SECOND_BRIDGE, second);
    const child = start(server, process.execPath, ["--import", "tsx", "test/support/dhcp-runner.ts", JSON.stringify(network)]);
    child.stdout!.on("data", (said) => (journal += said));
    child.stderr!.on("data", (said) => (journal += said));
    await ready(child, () => journal);

    const client = async (mac: Mac, bridge = "br0"): Promise<NetworkClient> => {
      clients += 1;
      const number = clients;
      const name = await namespace(`${own}-${number}`);
      await ip("link", "add", `c${number}`, "netns", server, "type", "veth", "peer", "name", "eth0", "netns", name);
      await ip("-n", server, "link", "set", `c${number}`, "master", bridge, "up");
      await ip("-n", name, "link", "set", "eth0", "address", mac, "up");
      return {
        name,
        folder: await mkdtemp(join(folder, "client-")),
        ip: (...args) => ip("-n", name, ...args),
        run: async (seconds, program, ...args) => {
          const said = await execute("ip", ["netns", "exec", name, program, ...args], { timeout: seconds * 1000, killSignal: "SIGKILL" });
          return said.stdout + said.stderr;
        },
        start: (program, ...args) => start(name, program, args),
      };
    };
    return { journal: () => journal, client, ip: (...args) => ip("-n", server, ...args), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function ready(child: ChildProcess, said: () => string): Promise<void> {
  let over = false;
  child.once("exit", () => {
    over = true;
  });
  while (!said().includes("READY")) {
    if (over) throw new Error(`the DHCP server did not start: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Removes what a test run left that was ended before it could. */
async function sweep(): Promise<void> {
  const { stdout } = await ip("netns", "list");
  for (const [name, pid] of stdout.matchAll(/^sxdhcp-(\d+)-\w+/gm)) {
    if (!isAlive(Number(pid))) await ip("netns", "del", name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
