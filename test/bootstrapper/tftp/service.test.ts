/** The packets that break TFTP servers, each sent to ours, which then still serves. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decode, encode, type Packet } from "../../../bootstrapper/tftp/packet.ts";
import { mac } from "../../../cluster/address.ts";
import { ack, fetchTftp, read, type Serving, serveTftp } from "../../support/tftp.ts";
import { type UdpProbe, udpProbe } from "../../support/udp-probe.ts";

const LOADER = Buffer.from(Array.from({ length: 108_832 }, (_, i) => i % 251));
const MACHINE = mac("52:54:00:00:00:11");
let server: Serving;
const probes: UdpProbe[] = [];

beforeEach(async () => {
  server = await serveTftp({ "undionly.kpxe": LOADER, "sub/menu": "a\nb\n", "exactly-two-blocks": LOADER.subarray(0, 1024), empty: "" });
});
afterEach(async () => {
  for (const each of probes.splice(0)) each.close();
  await server.close();
});

async function probe(): Promise<UdpProbe> {
  const opened = await udpProbe();
  probes.push(opened);
  return opened;
}

/** Sends one packet to the well-known port and reads the first answer, with the port that it came from. */
async function ask(bytes: Uint8Array): Promise<{ packet: Packet; port: number; client: UdpProbe }> {
  const client = await probe();
  client.send(bytes, server.port);
  const { bytes: answer, port } = await client.next();
  return { packet: decode(answer), port, client };
}

const stillServes = async (): Promise<void> => {
  expect((await fetchTftp(server.port, "undionly.kpxe", { blksize: 1468, windowsize: 16 })).equals(LOADER)).toBe(true);
};
const end = (client: UdpProbe, port: number): void => client.send(encode({ op: "error", code: 0, message: "enough" }), port);

const raw = (text: string): Uint8Array => Buffer.from(text, "latin1");
const long = "x".repeat(60_000);

test.each([
  { packet: "nothing at all", bytes: new Uint8Array() },
  { packet: "one byte", bytes: Uint8Array.of(0) },
  { packet: "opcode 9", bytes: Uint8Array.of(0, 9, 0, 0, 0) },
  { packet: "a file name without NUL", bytes: raw("\0\x01undionly.kpxe") },
  { packet: "60 KB without NUL", bytes: raw(`\0\x01${long}`) },
  { packet: "an ACK of no transfer", bytes: ack(1) },
  { packet: "DATA of no transfer", bytes: encode({ op: "data", block: 1, data: LOADER.subarray(0, 512) }) },
  { packet: "an error text over 500 bytes", bytes: raw(`\0\x05\0\0${long}\0`) },
  { packet: "an OACK", bytes: raw("\0\x06blksize\x00512\0") },
])("is silent to $packet, and still serves", async ({ bytes }) => {
  const client = await probe();
  client.send(bytes, server.port);
  expect(await client.hear(50)).toEqual([]);
  await stillServes();
});

// biome-ignore format: a table
test.each([
  { packet: "a write request",             bytes: encode({ op: "write", file: "undionly.kpxe", mode: "octet", options: new Map() }), code: 2, says: "nobody may write" },
  { packet: "a file that is not there",    bytes: read("missing.efi"),            code: 1, says: "no such file" },
  { packet: "a folder",                    bytes: read("sub"),                    code: 2, says: "not a regular file" },
  { packet: "../",                         bytes: read("../secret"),              code: 2, says: "climbs out" },
  { packet: "../ behind a folder",         bytes: read("sub/../../secret"),       code: 2, says: "climbs out" },
  { packet: "..\\",                        bytes: read("..\\secret"),             code: 2, says: "climbs out" },
  { packet: "a drive letter",              bytes: read("C:\\secret"),             code: 2, says: "drive letter" },
  { packet: "an absolute path",            bytes: read("/etc/passwd"),            code: 1, says: "no such file" },
  { packet: "%2e%2e",                      bytes: read("%2e%2e/secret"),          code: 2, says: "percent escapes" },
  { packet: "a name of 400 characters",    bytes: read("a".repeat(400)),          code: 2, says: "longer than" },
  { packet: "mode mail",                   bytes: read("undionly.kpxe", {}, "mail"), code: 4, says: "not octet" },
])("refuses $packet with error $code, and still serves", async ({ bytes, code, says }) => {
  const { packet } = await ask(bytes);
  expect(packet).toMatchObject({ op: "error", code, message: expect.stringContaining(says) });
  expect(server.lines().join()).toContain(says);
  await stillServes();
});

test("a NUL inside the name ends it there, as it does for every client", async () => {
  const { packet, client, port } = await ask(raw("\0\x01undionly.kpxe\0octet\0../../etc/passwd\0x\0"));
  expect(packet).toMatchObject({ op: "data", block: 1 });
  end(client, port);
  await stillServes();
});

// biome-ignore format: a table
test.each([
  { packet: "an option whose name only contains blksize", bytes: read("undionly.kpxe", { foo_blksize_bar: 1024 }) },
  { packet: "an option value without NUL",  bytes: raw("\0\x01undionly.kpxe\0octet\0blksize\x001024") },
  { packet: "a block size of 0",            bytes: read("undionly.kpxe", { blksize: 0 }) },
  { packet: "a block size of 7",            bytes: read("undionly.kpxe", { blksize: 7 }) },
  { packet: "a block size of 65465",        bytes: read("undionly.kpxe", { blksize: 65465 }) },
  { packet: "a window of 0",                bytes: read("undionly.kpxe", { windowsize: 0 }) },
  { packet: "a window of 65536",            bytes: read("undionly.kpxe", { windowsize: 65536 }) },
  { packet: "trailing padding",             bytes: raw(`\0\x01undionly.kpxe\0octet\0${"\0".repeat(400)}`) },
])("answers $packet with a plain first block of 512, and still serves", async ({ bytes }) => {
  const { packet, client, port } = await ask(bytes);
  expect(packet).toMatchObject({ op: "data", block: 1 });
  expect((packet as Packet & { op: "data" }).data).toHaveLength(512);
  end(client, port);
  await stillServes();
});

test("a block size above the network's MTU is answered with what fits", async () => {
  await server.close();
  server = await serveTftp({ "undionly.kpxe": LOADER }, { mtu: () => 1500 });
  const { packet, client, port } = await ask(read("undionly.kpxe", { blksize: 8192, tsize: 0 }));
  expect([...(packet as Packet & { op: "oack" }).options]).toEqual([
    ["blksize", "1468"],
    ["tsize", "108832"],
  ]);
  end(client, port);
});

test("a stranger in a transfer hears error 5, and the transfer goes on", async () => {
  const { packet, client, port } = await ask(read("undionly.kpxe"));
  expect(packet).toMatchObject({ op: "data", block: 1 });
  const stranger = await probe();
  stranger.send(ack(1), port);
  expect(decode((await stranger.next()).bytes)).toMatchObject({ op: "error", code: 5 });
  stranger.send(encode({ op: "error", code: 0, message: "stop" }), port); // is not answered and ends nothing
  expect(await stranger.hear(50)).toEqual([]);
  for (const bytes of [[7], [], [0, 9, 9, 9, 9], [0, 1, 65]]) stranger.send(Uint8Array.from(bytes), port);
  client.send(Uint8Array.of(0, 5), port); // too short to be an error
  client.send(ack(1), port);
  expect(decode((await client.next()).bytes)).toMatchObject({ op: "data", block: 2 });
  end(client, port);
});

test("no ACK is answered twice in lockstep", async () => {
  const { client, port } = await ask(read("undionly.kpxe"));
  for (let copies = 0; copies < 5; copies++) client.send(ack(1), port);
  const heard = (await client.hear(100)).map(({ bytes }) => decode(bytes));
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatchObject({ op: "data", block: 2 });
  end(client, port);
});

test("a file that fills its blocks ends with an empty one, and an empty file is one empty block", async () => {
  expect((await fetchTftp(server.port, "exactly-two-blocks")).equals(LOADER.subarray(0, 1024))).toBe(true);
  expect(await fetchTftp(server.port, "empty")).toHaveLength(0);
});

test("the largest blocks there are arrive where the network carries them", async () => {
  expect((await fetchTftp(server.port, "undionly.kpxe", { blksize: 65464, windowsize: 8 })).equals(LOADER)).toBe(true);
});

test("a Raspberry Pi is given from below its serial number what all are given, unless it has its own", async () => {
  await writeFile(join(server.root, "config.txt"), "all");
  await mkdir(join(server.root, "1a2b3c4d"));
  await writeFile(join(server.root, "1a2b3c4d/cmdline.txt"), "mine");
  expect((await fetchTftp(server.port, "1a2b3c4d/config.txt")).toString()).toBe("all");
  expect((await fetchTftp(server.port, "1a2b3c4d/cmdline.txt")).toString()).toBe("mine");
  await expect(fetchTftp(server.port, "1a2b3c4d/start4.elf")).rejects.toThrow("error 1");
});

test("text of any size is translated for netascii, and its size is told as it will be", async () => {
  const text = "a line of text\n\r".repeat(200_000);
  await writeFile(join(server.root, "long.txt"), text);
  const { packet, client, port } = await ask(read("long.txt", { tsize: 0 }, "netascii"));
  expect((packet as Packet & { op: "oack" }).options.get("tsize")).toBe(String(200_000 * 18));
  end(client, port);
  const got = await fetchTftp(server.port, "long.txt", { blksize: 1468, windowsize: 16 }, "netascii");
  expect(got.toString()).toBe("a line of text\r\n\r\0".repeat(200_000));
});

test("text is translated for netascii", async () => {
  expect((await fetchTftp(server.port, "\\sub\\menu", { tsize: 0 }, "netascii")).toString()).toBe("a\r\nb\r\n");
});

test("links may point about inside the folder but not out of it", async () => {
  const secret = join(dirname(server.root), "secret");
  await writeFile(secret, "the CA's key");
  await symlink(secret, join(server.root, "out"));
  await symlink("..", join(server.root, "up"));
  await symlink("undionly.kpxe", join(server.root, "pxelinux.0"));
  await symlink("loop", join(server.root, "loop"));
  await mkdir(join(dirname(server.root), "tftpboot-old"));
  await writeFile(join(dirname(server.root), "tftpboot-old/x"), "secret too");
  await symlink("../tftpboot-old", join(server.root, "old"));
  await expect(fetchTftp(server.port, "out")).rejects.toThrow("error 2: it leads out");
  await expect(fetchTftp(server.port, "up/secret")).rejects.toThrow("error 2: it leads out");
  await expect(fetchTftp(server.port, "old/x")).rejects.toThrow("error 2: it leads out");
  await expect(fetchTftp(server.port, "loop")).rejects.toThrow("error 1");
  expect((await fetchTftp(server.port, "pxelinux.0")).equals(LOADER)).toBe(true);
});

test("a copy of a request is not answered, neither before nor after the client's first ACK", async () => {
  const client = await probe();
  const request = read("undionly.kpxe", { tsize: 0 });
  client.send(request, server.port);
  client.send(request, server.port);
  const heard = await client.hear(100);
  expect(heard).toHaveLength(1);
  client.send(ack(0), heard[0]!.port);
  expect(decode((await client.next()).bytes)).toMatchObject({ op: "data", block: 1 });
  client.send(request, server.port);
  expect(await client.hear(50)).toEqual([]);
  end(client, heard[0]!.port);
});

test("a boot ROM that starts over from the same port is served again, once its first transfer has stalled", async () => {
  const client = await probe();
  const request = read("undionly.kpxe", { tsize: 0 });
  client.send(request, server.port);
  const first = await client.next();
  client.send(ack(0), first.port);
  await client.next();
  await client.next(); // block 1 again
  client.send(request, server.port);
  const again = await client.next();
  expect(decode(again.bytes)).toMatchObject({ op: "oack" });
  expect(again.port).not.toBe(first.port);
});

test("OVMF asks for the size, declines, and asks again; nobody calls that a failure", async () => {
  const { packet, client, port } = await ask(read("undionly.kpxe", { tsize: 0, blksize: 1468, windowsize: 4 }));
  expect(packet.op).toBe("oack");
  client.send(encode({ op: "error", code: 8, message: "User aborted the transfer" }), port);
  await stillServes();
  expect(server.entries.map(({ level, text }) => [level, text])).toContainEqual([
    "info",
    "127.0.0.1 only asked about undionly.kpxe: the client said: error 8 User aborted the transfer",
  ]);
});

test("the journal tells which machine got what, and the page sees it happen", async () => {
  const known = await serveTftp({ "undionly.kpxe": LOADER }, { holder: () => MACHINE });
  await fetchTftp(known.port, "undionly.kpxe", { blksize: 1432, tsize: 0 });
  await expect(fetchTftp(known.port, "nothing.efi")).rejects.toThrow("error 1");
  await expect.poll(() => known.transfers.at(-1)).toEqual({ mac: MACHINE, transfer: undefined });
  expect(known.transfers[0]).toEqual({ mac: MACHINE, transfer: { file: "undionly.kpxe", sent: 0, size: 108_832 } });
  expect(known.lines().toSorted()).toEqual([
    "tftp 52:54:00:00:00:11 did not get nothing.efi: there is no such file",
    "tftp 52:54:00:00:00:11 sent undionly.kpxe 108 KB in 77 blocks",
  ]);
  await known.close();
});

test("a silent client is sent the first answer again, but only little", async () => {
  const { packet, client } = await ask(read("undionly.kpxe", { timeout: 1 }));
  expect(packet).toMatchObject({ op: "oack" });
  await expect
    .poll(() => server.lines(), { timeout: 20_000 })
    .toEqual([expect.stringContaining("it never answered our first packet after 3 tries")]);
  expect(await client.hear(50)).toHaveLength(2);
});

test("a closed server leaves its port and its transfers' ports free, and says nothing more", async () => {
  const closing = await serveTftp({ "undionly.kpxe": LOADER });
  const client = await probe();
  client.send(read("undionly.kpxe"), closing.port);
  const { port } = await client.next();
  await closing.close();
  client.send(ack(1), port);
  client.send(read("undionly.kpxe"), closing.port);
  expect(await client.hear(50)).toEqual([]);
});
