import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Kernel } from "../../../bootstrapper/wire/kernel.ts";
import { kernel } from "../../../bootstrapper/wire/kernel.ts";
import { openUdp, type UdpSocket } from "../../../bootstrapper/wire/udp.ts";
import { lump, Volley } from "../../../bootstrapper/wire/volley.ts";
import { ipv4, toNumber } from "../../../cluster/address.ts";

const LOOPBACK = toNumber(ipv4("127.0.0.1"));
const ours = kernel!; // these tests run on Linux
const FILE = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) % 256));
const file = lump(ours, FILE);
let from: UdpSocket;
let peer: Socket;
let heard: Buffer[];
beforeEach(async () => {
  heard = [];
  from = await openUdp({ address: ipv4("127.0.0.1"), port: 0 }, () => {});
  peer = createSocket({ type: "udp4", recvBufferSize: 4 << 20 }).on("message", (bytes) => heard.push(bytes));
  peer.bind(0, "127.0.0.1");
  await once(peer, "listening");
});
afterEach(async () => {
  peer.close();
  await from.close();
});

/** `count` datagrams of `size` bytes out of FILE, each with its number in front. */
function fill(volley: Volley<string>, count: number, size: number, tag = "x", port = peer.address().port): void {
  volley.aim(LOOPBACK, port, size + 4, tag);
  for (let each = 0; each < count; each++) {
    volley.datagram(0x0003_0000 | each);
    volley.run(file, each * size, size);
  }
}
const expected = (count: number, size: number): Buffer[] =>
  Array.from({ length: count }, (_, each) =>
    Buffer.concat([Buffer.of(0, 3, each >> 8, each & 255), FILE.subarray(each * size, each * size + size)]),
  );
const fire = (volley: Volley<string>) => volley.fire(from.descriptor()!);

test.each([
  { count: 1, size: 512 },
  { count: 16, size: 1428 },
  { count: 64, size: 1428 },
  { count: 100, size: 8 },
  { count: 2, size: 40_000 },
])("$count datagrams of $size bytes arrive whole and in order", async ({ count, size }) => {
  const volley = new Volley<string>(ours);
  fill(volley, count, size);
  expect(fire(volley)).toEqual([]);
  await expect.poll(() => heard.length).toBe(count);
  expect(heard).toEqual(expected(count, size));
});

test("the last datagram may be shorter, or nothing but its head, and may be made of two runs", async () => {
  const volley = new Volley<string>(ours);
  volley.aim(LOOPBACK, peer.address().port, 104, "x");
  volley.datagram(1);
  volley.run(file, 0, 60);
  volley.run(file, 500, 40);
  volley.datagram(2);
  fire(volley);
  await expect.poll(() => heard.length).toBe(2);
  expect(heard).toEqual([Buffer.concat([Buffer.of(0, 0, 0, 1), FILE.subarray(0, 60), FILE.subarray(500, 540)]), Buffer.of(0, 0, 0, 2)]);
});

test("it can be filled again, for others", async () => {
  const volley = new Volley<string>(ours);
  for (let round = 0; round < 3; round++) {
    fill(volley, 3, 100);
    fill(volley, 2, 200);
    expect(fire(volley)).toEqual([]);
  }
  await expect.poll(() => heard.length).toBe(15);
  expect(heard.slice(10)).toEqual([...expected(3, 100), ...expected(2, 200)]);
});

/** A kernel, or a card, that does not cut. */
const uncutting = (code: string): Kernel => {
  let failed = "";
  return {
    ...ours,
    sendmmsg(fd, messages, count, flags) {
      const words = new Uint32Array(messages.buffer, messages.byteOffset, count * 16);
      const cut = Array.from({ length: count }, (_, each) => words[each * 16 + 10]! > 0).indexOf(true);
      failed = cut === 0 ? code : "";
      return cut === 0 ? -1 : ours.sendmmsg(fd, messages, cut < 0 ? count : cut, flags);
    },
    failure: () => failed,
  };
};

test("where nothing cuts datagrams apart, it says so once, and then sends one by one", async () => {
  const volley = new Volley<string>(uncutting("EIO"));
  fill(volley, 1, 512, "one");
  fill(volley, 8, 512, "window");
  expect(fire(volley)).toEqual([{ tag: "window", again: true, code: "EIO" }]);
  fill(volley, 8, 512, "window");
  expect(fire(volley)).toEqual([]);
  await expect.poll(() => heard.length).toBe(9);
  expect(heard.slice(1)).toEqual(expected(8, 512));
});

test("what cannot be sent is told by its tag, and the rest leaves", async () => {
  const volley = new Volley<string>(ours);
  fill(volley, 1, 512, "nowhere", 0); // port 0
  fill(volley, 1, 512, "somewhere");
  expect(fire(volley)).toEqual([{ tag: "nowhere", again: false, code: "EINVAL" }]);
  await expect.poll(() => heard.length).toBe(1);
});
