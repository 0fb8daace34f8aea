/** What is served, the same by every server: a bsroot with two files for TFTP, and names for DNS. */
import { randomFillSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromNumber, ipv4, toNumber } from "../cluster/address.ts";
import { layout } from "../cluster/layout.ts";
import { makeBsroot } from "../test/support/bsroot.ts";
import { RANGE, SERVER, SUBNET } from "./lab.ts";
import { BOOT_FILE, DOMAIN, LEASE, type Name, type Work } from "./servers/server.ts";

const FIRST = toNumber(ipv4("10.65.0.1"));

/** `machines` listed in the description, with an address each. */
export function makeWork(folder: string, machines: number): Work {
  const names = Array.from({ length: machines }, (_, index): Name => {
    return { name: `m${String(index).padStart(4, "0")}.${DOMAIN}`, address: fromNumber(FIRST + index) };
  });
  const bsroot = join(folder, `bsroot-${machines}`);
  makeBsroot(bsroot, description(names), [SERVER]);
  return { bsroot, tftp: join(bsroot, layout.tftp), names };
}

export const FILES = { "1 MB": { name: "one.bin", size: 1 << 20 }, "64 MB": { name: "many.bin", size: 64 << 20 } } as const;
export type FileSize = keyof typeof FILES;

export function addFiles({ tftp }: Work): void {
  mkdirSync(tftp, { recursive: true });
  for (const { name, size } of Object.values(FILES)) writeFileSync(join(tftp, name), randomFillSync(Buffer.alloc(size)));
  writeFileSync(join(tftp, BOOT_FILE), "a loader");
}

const description = (names: readonly Name[]): string =>
  [
    "cluster: bench",
    `domain: ${DOMAIN}`,
    "network:",
    `  subnet: ${SUBNET}`,
    `  bootstrapper: ${SERVER}`,
    `  routers: [${SERVER}]`,
    `  range: ${RANGE.first}-${RANGE.last}`,
    `  lease: ${LEASE}s`,
    'os: { target: raw-image, image: "https://example.org/node.img.zst", kernel: "https://example.org/vmlinuz", initrd: "https://example.org/initrd" }',
    "machines:",
    ...names.map(({ name, address }, index) => {
      const mac = `52:54:00:00:${[index >> 8, index & 255].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
      return `  - { mac: "${mac}", name: ${name.split(".")[0]}, address: ${address}${index === 0 ? ", roles: [control-plane]" : ""} }`;
    }),
    "",
  ].join("\n");
