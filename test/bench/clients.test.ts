/** The load's clients, as bytes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { MESSAGE_SIZE, type Reply, readReply, scattered, writeMessage } from "../../bench/load/dhcp-message.ts";
import { TftpClient } from "../../bench/load/tftp-client.ts";
import { agreedIn, writeRequest } from "../../bench/load/tftp-request.ts";
import { decodePacket, encodePacket, type Packet } from "../../bootstrapper/dhcp/packet.ts";
import { decode } from "../../bootstrapper/tftp/packet.ts";
import { ipv4, toNumber } from "../../cluster/address.ts";

const AT = 7;
const message = (mac: number, choice?: { address: number; server: number }): Packet => {
  const bytes = Buffer.alloc(AT + MESSAGE_SIZE, 0xee);
  return decodePacket(bytes.subarray(AT, AT + writeMessage(bytes, AT, 0xdeadbeef, mac, choice)));
};

test("a machine discovers, and requests what it was offered from whom it was offered", () => {
  const discover = message(0x12_3456_789a);
  expect(discover).toMatchObject({ op: "request", transaction: 0xdeadbeef, mac: "02:12:34:56:78:9a", broadcast: true, oddities: [] });
  expect(discover.options).toMatchObject({ messageType: "discover" });
  const request = message(1, { address: toNumber(ipv4("10.66.0.9")), server: toNumber(ipv4("10.64.0.1")) });
  expect(request.options).toMatchObject({ messageType: "request", requestedAddress: "10.66.0.9", serverId: "10.64.0.1" });
});

test("no two machines have the same MAC", () => {
  expect(new Set(Array.from({ length: 100_000 }, (_, index) => scattered(index))).size).toBe(100_000);
});

const EMPTY: Reply = { transaction: 0, mac: 0, kind: 0, address: 0, server: 0 };

test("an answer is read as its server meant it, behind whatever else it holds", () => {
  const { options, ...rest } = message(0x12_3456_789a);
  const offer = encodePacket({
    ...rest,
    op: "reply",
    yourAddress: ipv4("10.66.0.9"),
    options: { ...options, messageType: "offer", serverId: ipv4("10.64.0.1") },
  });
  const reply = { ...EMPTY };
  expect(readReply(Buffer.concat([Buffer.alloc(AT), offer]), AT, offer.length, reply)).toBe(true);
  const [address, server] = [toNumber(ipv4("10.66.0.9")), toNumber(ipv4("10.64.0.1"))];
  expect(reply).toEqual({ transaction: 0xdeadbeef, mac: 0x12_3456_789a, kind: 2, address, server });
});

test("any bytes are read to their end and not beyond", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600, size: "max" }), (bytes) => {
      const made = Buffer.concat([Buffer.from(bytes), Buffer.alloc(0)]);
      expect(typeof readReply(made, 0, made.length, { ...EMPTY })).toBe("boolean");
    }),
  );
});

test("a request says what is wanted, and an OACK what was agreed to", () => {
  let made = Buffer.alloc(0);
  writeRequest({ file: "one.bin", blockSize: 1468, windowSize: 16 }, (length) => {
    made = Buffer.alloc(length);
    return { bytes: made, at: 0 };
  });
  const options = { tsize: "0", blksize: "1468", windowsize: "16" };
  expect(decode(made)).toEqual({ op: "read", file: "one.bin", mode: "octet", options: new Map(Object.entries(options)) });
  expect(agreedIn(Buffer.from("tsize\x005\0blksize\x001024\0WindowSize\x008\0"))).toEqual({ blockSize: 1024, windowSize: 8 });
  expect(agreedIn(Buffer.from("tsize\x005\0"))).toEqual({ blockSize: 512, windowSize: 1 });
});

const block = (number: number, data: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 3, number >> 8, number & 255]), data]);
const give = (client: TftpClient, content: Buffer, number: number, size = client.agreed.blockSize) => {
  const from = (number - 1) * size;
  const packet = block(number & 0xffff, content.subarray(from, from + size));
  return client.data(packet, 0, packet.length, content);
};

test("each window is acknowledged, a gap at once but once, and old blocks not at all", () => {
  const content = Buffer.from(Array.from({ length: 8 * 10 + 3 }, (_, index) => index));
  const client = new TftpClient();
  expect(client.agree({ blockSize: 8, windowSize: 4 })).toBe("acknowledge");
  expect(client.acknowledge()).toBe(0);
  expect([1, 2, 3, 4].map((number) => give(client, content, number))).toEqual(["wait", "wait", "wait", "acknowledge"]);
  expect(client.acknowledge()).toBe(4);
  expect([4, 3, 6, 7, 8].map((number) => give(client, content, number))).toEqual(["wait", "wait", "again", "wait", "wait"]);
  expect(client.acknowledge()).toBe(4);
  expect([5, 6, 7, 8].map((number) => give(client, content, number))).toEqual(["wait", "wait", "wait", "acknowledge"]);
  expect(client.acknowledge()).toBe(8);
  expect([9, 10, 11].map((number) => give(client, content, number))).toEqual(["wait", "wait", "done"]);
  expect(client.got).toBe(content.length);
});

test("block numbers begin again behind 65535", () => {
  const content = Buffer.alloc(70_000 * 8, 7);
  const client = new TftpClient();
  client.agree({ blockSize: 8, windowSize: 1 });
  for (let number = 1; number <= 70_000; number++) {
    expect(give(client, content, number)).toBe("acknowledge");
    client.acknowledge();
  }
  expect(give(client, content, 70_001)).toBe("done");
});

test("other bytes than the file's, too many and too few are a failure", () => {
  const content = Buffer.from("abcdefgh".repeat(3));
  const failing = (packet: Buffer) => {
    const client = new TftpClient();
    client.agree({ blockSize: 8, windowSize: 1 });
    return client.data(packet, 0, packet.length, content);
  };
  expect(failing(block(1, Buffer.from("abcdefgX")))).toEqual({ because: "block 1 is not what the file holds there" });
  expect(failing(block(1, Buffer.from("abc")))).toEqual({ because: "it ended after 3 of 24 bytes" });
  expect(failing(block(1, Buffer.concat([content, content])))).toEqual({ because: "block 1 is not what the file holds there" });
});
