/** A machine nobody listed, with an operating system of its own: a boot sector that says so on the serial port and stops. */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { mac } from "../../cluster/address.ts";
import type { Hardware } from "../../vm-cluster/qemu.ts";

export const SAYS = "THIS IS MY OWN SYSTEM";

export const stranger: Hardware = {
  name: "stranger",
  mac: mac("52:54:00:99:99:99"),
  firmware: "bios",
  memory: 128,
  disks: [{ bus: "virtio", size: 8 * 2 ** 20, serial: "STRANGER" }],
};

/** x86 real mode: writes `SAYS` to COM1 byte by byte, then halts for ever. The text follows the code at 0x7c16. */
const CODE = [
  ...[0xfc, 0x31, 0xc0, 0x8e, 0xd8], // cld; xor ax,ax; mov ds,ax
  ...[0xbe, 0x16, 0x7c, 0xba, 0xf8, 0x03], // mov si,0x7c16; mov dx,0x3f8
  ...[0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8], // next: lodsb; test al,al; jz halt; out dx,al; jmp next
  ...[0xf4, 0xeb, 0xfd], // halt: hlt; jmp halt
];

export function installOn(disk: string): void {
  const sector = Buffer.alloc(512);
  Buffer.from([...CODE, ...Buffer.from(`\r\n${SAYS}\r\n\0`, "latin1")]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  const file = openSync(disk, "r+");
  writeSync(file, sector, 0, sector.length, 0);
  closeSync(file);
}

export async function fingerprint(disk: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(disk), hash);
  return hash.digest("hex");
}
