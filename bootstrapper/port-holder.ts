/** Which program has a port that we want: the kernel's own lists, and what usually has it where they cannot be read. */
import { readdir, readFile, readlink } from "node:fs/promises";

export type Protocol = "tcp" | "udp";

const USUAL: Readonly<Record<number, string>> = {
  53: "systemd-resolved, dnsmasq or libvirt's network",
  67: "dnsmasq, libvirt's network or another DHCP server",
  69: "tftpd-hpa or dnsmasq",
  80: "nginx or apache2",
  123: "chronyd or ntpd",
  443: "nginx or apache2",
};

/** "nginx (process 812)"; undefined when nothing is known. */
export async function portHolder(protocol: Protocol, port: number): Promise<string | undefined> {
  const sockets = await socketsOn(protocol, port);
  const holder = sockets.size > 0 ? await processWith(sockets) : undefined;
  return holder ?? (USUAL[port] && `perhaps ${USUAL[port]}`);
}

/** Inodes of the sockets bound to the port. proc(5): the second field is the local address, the tenth the inode. */
async function socketsOn(protocol: Protocol, port: number): Promise<ReadonlySet<string>> {
  const inodes = new Set<string>();
  for (const table of [protocol, `${protocol}6`]) {
    const text = await readFile(`/proc/net/${table}`, "utf8").catch(() => "");
    for (const row of text.split("\n").slice(1)) {
      const fields = row.trim().split(/\s+/);
      const listens = protocol === "udp" || fields[3] === "0A";
      if (listens && Number.parseInt(fields[1]?.split(":")[1] ?? "", 16) === port) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  return inodes;
}

async function processWith(sockets: ReadonlySet<string>): Promise<string | undefined> {
  const processes = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  for (const pid of processes) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      if (sockets.has(target)) return `${(await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "a program")).trim()} (process ${pid})`;
    }
  }
  return undefined;
}
