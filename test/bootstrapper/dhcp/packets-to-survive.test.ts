/** What attackers, broken firmware and other networks send: after each of it the server still answers. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { at, bytesOf, message, onLoopback, PXE, STRANGER, stranger, W2 } from "../../support/dhcp.ts";
import { sendFromPortZero } from "../../support/forged-udp.ts";
import { type LiveDhcp, LOOPBACK, liveDhcp } from "../../support/live-dhcp.ts";

let live: LiveDhcp;
beforeAll(async () => {
  live = await liveDhcp();
});
afterAll(() => live.close());

/** Nothing lasting: the listed machine still gets its address, and a stranger the first of the range. */
afterEach(async () => {
  expect((await live.ask("discover", PXE["uefi"])).yourAddress).toBe("127.0.0.11");
  expect((await live.ask("discover", {}, { mac: STRANGER })).yourAddress).toBe("127.0.0.100");
  expect(live.dhcp.counts().failed).toBe(0);
});

const decided = (): number => {
  const { junk, ignored, replied } = live.dhcp.counts();
  return junk + ignored + replied;
};
/** Sends one after the other, each when the one before was decided: of several from one machine at once only the last would be. */
const survives = async (
  ...packets: readonly Uint8Array[]
): Promise<{ readonly junk: number; readonly ignored: number; readonly replied: number }> => {
  const before = { ...live.dhcp.counts() };
  for (const packet of packets) {
    const next = decided() + 1;
    live.client.send(packet, live.dhcp.port);
    while (decided() < next) await new Promise(setImmediate);
  }
  const { junk, ignored, replied } = live.dhcp.counts();
  return { junk: junk - before.junk, ignored: ignored - before.ignored, replied: replied - before.replied };
};
const whole = bytesOf("discover", PXE["uefi"]);
const captured = new Uint8Array(readFileSync("test/fixtures/dhcp/ovmf-pxe-discover.bin"));
const withByte = (place: number, value: number): Uint8Array => whole.map((byte, index) => (index === place ? value : byte));
/** A DISCOVER whose options end with these bytes. */
const withOptions = (...bytes: readonly number[]): Uint8Array => {
  const bare = bytesOf("discover");
  return Uint8Array.from([...bare.subarray(0, bare.lastIndexOf(255)), ...bytes, 255]);
};
const option = (code: number, ...bytes: readonly number[]): readonly number[] => [code, bytes.length, ...bytes];

test("a message truncated anywhere", async () => {
  const end = captured.lastIndexOf(255);
  const cuts = Array.from({ length: end + 1 }, (_, length) => captured.subarray(0, length));
  expect((await survives(...cuts)).junk).toBe(end + 1);
});

test("a bad magic cookie", async () => {
  expect((await survives(...[236, 237, 238, 239].map((place) => withByte(place, 0)))).junk).toBe(4);
});

test("a hardware address of 0 and of 255 bytes", async () => {
  expect((await survives(withByte(2, 0), withByte(2, 255))).junk).toBe(2);
});

test("an option that runs over the end", async () => {
  expect((await survives(Uint8Array.from([...whole.subarray(0, 240), 53, 1, 1, 12, 200, 97]))).junk).toBe(1);
});

test("every option with no bytes at all", async () => {
  const all = Array.from({ length: 254 }, (_, index) => withOptions(...option(index + 1)));
  // Those that the decision turns on cost the packet: 50, 53 and 54. Empty, they can only be lies.
  const { junk, replied } = await survives(...all);
  expect({ junk, replied }).toEqual({ junk: 2, replied: 252 });
});

test("option 52 that says the other fields hold options, when they hold anything", async () => {
  const overload = (fields: (bytes: Uint8Array) => void, value: number): Uint8Array => {
    const bytes = withOptions(...option(52, value));
    fields(bytes);
    return bytes;
  };
  const { junk, replied } = await survives(
    overload(() => {}, 3),
    overload((bytes) => bytes.fill(255, 44, 236), 3),
    overload((bytes) => bytes.fill(12, 44, 236), 3),
    overload((bytes) => bytes.set([52, 1, 3, 53, 1, 3], 108), 1),
    overload(() => {}, 255),
  );
  // Fields full of twelves are options of twelve bytes each, the last one cut short; a second message type is a lie.
  expect({ junk, replied }).toEqual({ junk: 2, replied: 3 });
});

test("an option of thousands of bytes in many parts (RFC 3396)", async () => {
  const long = Array.from({ length: 6000 }, () => 97);
  const parts: number[] = [];
  for (let start = 0; start < long.length; start += 255) parts.push(...option(12, ...long.slice(start, start + 255)));
  expect((await survives(withOptions(...parts))).replied).toBe(1);
});

test("duplicate options", async () => {
  const { junk, replied } = await survives(
    withOptions(...option(12, 97), ...option(12, 98)),
    withOptions(...option(53, 1)),
    withOptions(...option(93, 0, 7), ...option(93, 0, 6)),
  );
  expect({ junk, replied }).toEqual({ junk: 1, replied: 2 });
});

test("an option 97 of the wrong length", async () => {
  expect(
    (await survives(withOptions(...option(97)), withOptions(...option(97, 0, 1)), withOptions(...option(97, ...new Array(200).fill(7)))))
      .replied,
  ).toBe(3);
});

test("an option 81 with a label over 63 bytes, and one that runs over its end", async () => {
  expect(
    (
      await survives(
        withOptions(...option(81, 0, 0, 0, ...new Array(100).fill(97))),
        withOptions(...option(81, 4, 0, 0, 63, 97)),
        withOptions(...option(81, 4)),
      )
    ).replied,
  ).toBe(3);
});

test("an option 82 of 255 bytes, and one of 2000", async () => {
  const note = option(82, ...new Array(255).fill(1));
  expect((await survives(withOptions(...note), withOptions(...Array.from({ length: 8 }, () => note).flat()))).replied).toBe(2);
});

test("replies that arrive at the server", async () => {
  expect((await survives(bytesOf("offer", {}, { op: "reply" }), bytesOf("ack", {}, { op: "reply" }))).ignored).toBe(2);
});

test("a DISCOVER whose relay is in no known subnet", async () => {
  expect((await survives(bytesOf("discover", {}, { relayAddress: ipv4("10.99.0.1") }))).ignored).toBe(1);
});

test("a DISCOVER sent to our own address instead of to everybody", async () => {
  // The socket bound to our address gets it, not the one that hears broadcasts: all of these tests do it so.
  expect((await survives(whole)).replied).toBe(1);
});

test("messages of 1,500 bytes and of as many as a datagram holds", async () => {
  const padded = (length: number): Uint8Array => Uint8Array.from([...whole, ...new Array(length - whole.length).fill(0)]);
  expect((await survives(padded(1500), padded(9000), padded(65_507), new Uint8Array(65_507).fill(1))).replied).toBe(3);
});

test("no bytes at all, and one", async () => {
  expect((await survives(new Uint8Array(0), Uint8Array.of(1))).junk).toBe(2);
});

test("a datagram from port 0", async () => {
  const { received } = live.dhcp.counts();
  await sendFromPortZero(live.dhcp.port, "nobody can be answered there");
  await live.ask("discover");
  expect(live.dhcp.counts().received).toBe(received + 1);
});

test("option lists that ask for everything, even for options that only clients send", async () => {
  const everything = Array.from({ length: 255 }, (_, index) => index);
  expect((await live.ask("discover", { wanted: Uint8Array.from(everything) })).yourAddress).toBe("127.0.0.11");
});

test("captured messages with every byte set to 0 and to 255 in turn", async () => {
  const broken = Array.from(captured, (_, place) =>
    [0, 255].map((value) => captured.map((byte, index) => (index === place ? value : byte))),
  ).flat();
  const { junk, ignored, replied } = await survives(...broken);
  expect(junk + ignored + replied).toBe(broken.length);
});

test("a DECLINE storm does not drain the range", async () => {
  const storm = await liveDhcp();
  for (let index = 0; index < 200; index += 1) {
    const mac = stranger(index);
    const { yourAddress } = await storm.ask("discover", {}, { mac });
    storm.say("decline", { serverId: LOOPBACK, ...at(yourAddress) }, { mac });
  }
  expect((await storm.ask("discover", {}, { mac: W2 })).yourAddress).toMatch(/^127\.0\.0\.10\d$/);
  await storm.close();
});

test("twenty thousand MACs for ten addresses: everybody is told the same, who has a reservation or a lease is served, and memory stays bounded", async () => {
  const crowd = await liveDhcp({ cluster: onLoopback() });
  expect((await crowd.ask("request", { serverId: LOOPBACK, ...at("127.0.0.105") }, { mac: W2 })).options.messageType).toBe("ack");
  let asked = 0;
  const flood = async (count: number): Promise<void> => {
    for (const end = asked + count; asked < end; asked += 1) {
      crowd.client.send(encodePacket(message("discover", {}, { mac: stranger(asked) })), crowd.dhcp.port);
      if (asked % 50 === 49) await new Promise(setImmediate);
    }
    await expect.poll(() => crowd.dhcp.counts().received).toBeGreaterThan(asked * 0.5);
  };
  await flood(20_000);
  expect((await crowd.ask("discover")).yourAddress).toBe("127.0.0.11");
  expect((await crowd.ask("discover", {}, { mac: W2 })).yourAddress).toBe("127.0.0.105");
  expect(crowd.dhcp.leases()).toHaveLength(1);
  expect(new Set(crowd.seen).size).toBeLessThanOrEqual(4096 + 2);
  expect(crowd.lines.length).toBeLessThan(3000);
  expect(crowd.lines.find(({ mac, level }) => level === "warning" && mac === stranger(9))?.text).toMatch(
    /^no answer to discover: all 10 addresses .* are taken/,
  );
  await crowd.close();
});
