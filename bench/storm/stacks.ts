/** The servers that are compared, each as the processes it consists of: ours, Kea with tftpd-hpa and nginx, dnsmasq with nginx. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { layout } from "../../cluster/layout.ts";
import { unpacked } from "../servers/unpacked.ts";
import { NETMASK, RANGE, SERVER, SUBNET } from "./network.ts";
import { nginxConfiguration } from "./nginx.ts";
import { makePlainSite, type Site } from "./site.ts";

export const STACKS = ["ours", "kea", "dnsmasq"] as const;
export type StackName = (typeof STACKS)[number];

export interface Process {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** It serves once its output says this; absent: once it runs. */
  readonly ready?: RegExp;
}

export interface Stack {
  readonly title: string;
  readonly processes: readonly Process[];
}

export interface OurProgram {
  /** The compiled bootstrapper. */
  readonly program: string;
  /** A folder for its processor profile. */
  readonly profile?: string;
}

/** Writes what the processes read into the new, empty `folder`. */
export function stack(name: StackName, site: Site, folder: string, program: OurProgram): Promise<Stack> {
  return { ours, kea, dnsmasq }[name](site, folder, program);
}

async function ours(site: Site, folder: string, { program, profile }: OurProgram): Promise<Stack> {
  const profiling = profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profile];
  const state = join(folder, "state");
  // Neither of the others serves time.
  const serve = [...profiling, program, "serve", "--bsroot", site.bsroot, "--state", state, "--time", "off"] as const;
  return { title: "Sextant", processes: [{ command: [process.execPath, ...serve], ready: /ready in [\d.]+ s/ }] };
}

async function kea(site: Site, folder: string): Promise<Stack> {
  const path = join(folder, "kea.json");
  await writeFile(path, JSON.stringify({ Dhcp4: keaConfiguration(site, folder) }));
  return {
    title: "Kea, tftpd-hpa and nginx",
    processes: [
      {
        command: ["kea-dhcp4", "-c", path],
        environment: { KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: folder, KEA_LOGGER_DESTINATION: "stdout" },
        ready: /DHCP4_STARTED/,
      },
      {
        command: [
          unpacked("tftpd-hpa", "usr/sbin/in.tftpd"),
          "-L",
          "-u",
          "root",
          "-a",
          `${SERVER}:69`,
          "-s",
          join(site.bsroot, layout.tftp),
        ],
      },
      await nginx(site, folder),
    ],
  };
}

/** Leases on disk as they come (memfile), the boot file by what the client is. */
const keaConfiguration = ({ loader }: Site, folder: string) => ({
  "interfaces-config": { interfaces: ["eth0"] },
  "lease-database": { type: "memfile", persist: true, name: join(folder, "leases.csv"), "lfc-interval": 0 },
  "valid-lifetime": 86_400,
  "client-classes": [
    {
      name: "ipxe",
      test: "substring(option[77].hex,0,4) == 'iPXE'",
      "next-server": SERVER,
      "boot-file-name": `http://${SERVER}/boot/all.ipxe`,
    },
    { name: "firmware", test: "not member('ipxe') and option[93].exists", "next-server": SERVER, "boot-file-name": loader },
  ],
  subnet4: [{ id: 1, subnet: SUBNET, pools: [{ pool: `${RANGE.first} - ${RANGE.last}` }] }],
  loggers: [{ name: "kea-dhcp4", severity: "INFO", output_options: [{ output: "stdout", flush: true }] }],
});

async function dnsmasq(site: Site, folder: string): Promise<Stack> {
  const path = join(folder, "dnsmasq.conf");
  const lines = [
    "port=0",
    "no-ping", // it would wait three seconds before each offer
    `dhcp-leasefile=${join(folder, "dnsmasq.leases")}`,
    `dhcp-range=${RANGE.first},${RANGE.last},${NETMASK},24h`,
    "dhcp-lease-max=100000",
    "dhcp-match=set:ipxe,175",
    `dhcp-boot=tag:!ipxe,${site.loader},,${SERVER}`,
    `dhcp-boot=tag:ipxe,http://${SERVER}/boot/all.ipxe`,
    "enable-tftp",
    `tftp-root=${join(site.bsroot, layout.tftp)}`,
    "tftp-max=4096",
    "user=root",
    "log-facility=-",
  ];
  await writeFile(path, `${lines.join("\n")}\n`);
  return {
    title: "dnsmasq and nginx",
    processes: [{ command: ["dnsmasq", "-k", "-C", path], ready: /DHCP, IP range/ }, await nginx(site, folder)],
  };
}

async function nginx(site: Site, folder: string): Promise<Process> {
  await mkdir(join(folder, "nginx"));
  await makePlainSite(site, join(folder, "www"));
  const path = join(folder, "nginx.conf");
  await writeFile(path, nginxConfiguration(site, folder));
  return { command: ["nginx", "-p", join(folder, "nginx"), "-c", path] };
}
