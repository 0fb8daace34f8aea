/** A TFTP server over a folder of its own, and a small client that does exactly what it is told. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { JournalEntry } from "../../bootstrapper/journal.ts";
import type { Transfer } from "../../bootstrapper/machines/machine.ts";
import { decode, encode, type Packet } from "../../bootstrapper/tftp/packet.ts";
import { startTftp, type TftpOptions } from "../../bootstrapper/tftp/service.ts";
import { ipv4, type Mac } from "../../cluster/address.ts";
import { udpProbe } from "./udp-probe.ts";

export type Entry = Omit<JournalEntry, "at">;

export interface Serving {
  readonly port: number;
  readonly root: string;
  readonly entries: Entry[];
  readonly transfers: { mac: Mac; transfer: Transfer | undefined }[];
  /** The journal as an operator reads it. */
  lines(): string[];
  health(): { readonly ok: boolean; readonly says: string };
  close(): Promise<void>;
}

export async function serveTftp(
  files: Readonly<Record<string, Uint8Array | string>>,
  overrides: Partial<TftpOptions> = {},
): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), "sextant-tftp-"));
  const root = join(folder, "tftpboot");
  await mkdir(root);
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
  const entries: Entry[] = [];
  const transfers: Serving["transfers"] = [];
  const server = await startTftp({
    address: ipv4("127.0.0.1"),
    port: 0,
    folders: { "": root },
    journal: (entry) => entries.push(entry),
    holder: () => undefined,
    onTransfer: (mac, transfer) => transfers.push({ mac, transfer }),
    ...overrides,
  });
  return {
    port: server.port,
    root,
    entries,
    transfers,
    lines: () => entries.map(({ mac, text }) => `tftp ${mac ? `${mac} ` : ""}${text}`),
    health: () => ({ ok: server.ok(), says: server.health() }),
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export const read = (file: string, options: Readonly<Record<string, string | number>> = {}, mode = "octet"): Uint8Array =>
  encode({ op: "read", file, mode, options: new Map(Object.entries(options).map(([name, value]) => [name, String(value)])) });
export const ack = (block: number): Uint8Array => encode({ op: "ack", block: block & 0xffff });

type Asked = Readonly<Record<string, string | number>>;

/** Fetches a whole file. Rejects with the server's error. */
export async function fetchTftp(port: number, file: string, options: Asked = {}, mode = "octet"): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await receiveTftp(port, read(file, options, mode), (data) => parts.push(Uint8Array.from(data)));
  return Buffer.concat(parts);
}

/** Receives a file the RFC 7440 way: an ACK at the end of every window and at every gap, and the last packet again when nothing comes. */
export async function receiveTftp(port: number, request: Uint8Array, onBlock: (data: Uint8Array, port: number) => void): Promise<void> {
  const probe = await udpProbe();
  let terms = { blockSize: 512, windowSize: 1 };
  let [received, inWindow, silences] = [0, 0, 0];
  let last = { bytes: request, port };
  const say = (bytes: Uint8Array, port: number): void => {
    last = { bytes, port };
    probe.send(bytes, port);
  };
  try {
    say(request, port);
    for (;;) {
      const heard = await probe.next(1000).catch(() => undefined);
      if (!heard) {
        if (++silences > 10) throw new Error("the server fell silent");
        probe.send(last.bytes, last.port);
        continue;
      }
      const packet: Packet = decode(heard.bytes);
      if (packet.op === "error") throw new Error(`error ${packet.code}: ${packet.message}`);
      if (packet.op === "oack" && received === 0) {
        terms = { blockSize: Number(packet.options.get("blksize") ?? 512), windowSize: Number(packet.options.get("windowsize") ?? 1) };
        say(ack(0), heard.port);
      }
      if (packet.op !== "data") continue;
      const expected = packet.block === ((received + 1) & 0xffff);
      if (expected) {
        received += 1;
        onBlock(packet.data, heard.port);
      }
      inWindow = expected ? inWindow + 1 : terms.windowSize;
      const finished = expected && packet.data.length < terms.blockSize;
      if (finished || inWindow >= terms.windowSize) {
        say(ack(received), heard.port);
        inWindow = 0;
      }
      if (finished) return;
    }
  } finally {
    probe.close();
  }
}
