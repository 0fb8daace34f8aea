import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inbox } from "../../../bootstrapper/dhcp/inbox.ts";
import { openTurns } from "../../../bootstrapper/dhcp/turns.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { bytesOf, stranger } from "../../support/dhcp.ts";

const discover = (number: number) => bytesOf("discover", {}, { mac: stranger(number) });
const request = (number: number) => bytesOf("request", {}, { mac: stranger(number) });
const all = <Item>(inbox: Inbox<Item>): Item[] => {
  const found: Item[] = [];
  for (let next = inbox.take(); next !== undefined; next = inbox.take()) found.push(next);
  return found;
};

describe("packets that wait", () => {
  test("are taken in the order they came, but what ends a machine's wait goes before what begins one", () => {
    const inbox = new Inbox<string>(10);
    inbox.put(discover(1), "discover 1");
    inbox.put(request(2), "request 2");
    inbox.put(discover(3), "discover 3");
    inbox.put(bytesOf("release", {}, { mac: stranger(4) }), "release 4");
    expect(all(inbox)).toEqual(["request 2", "release 4", "discover 1", "discover 3"]);
  });

  test("are each machine's newest word of a kind, in the place of its first", () => {
    const inbox = new Inbox<string>(10);
    inbox.put(discover(1), "old");
    inbox.put(discover(2), "other");
    inbox.put(discover(1), "new");
    inbox.put(bytesOf("discover", {}, { mac: stranger(1), relayAddress: ipv4("10.0.0.1") }), "through a relay");
    expect(all(inbox)).toEqual(["new", "other", "through a relay"]);
  });

  test("keep their places when a flood comes, and the flood gets few", () => {
    const inbox = new Inbox<string>(3);
    expect([1, 1, 1, 1, 2, 3].map((number) => inbox.put(discover(number), `${number}`))).not.toContain(false);
    expect(inbox.put(discover(4), "4")).toBe(false);
    expect(inbox.put(request(4), "a request")).toBe(true);
    expect(inbox.put(discover(1), "1 again")).toBe(true);
    expect(all(inbox)).toEqual(["a request", "1 again", "2", "3"]);
  });

  test("may be any bytes, and are never more than there are places for", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (packets) => {
        const inbox = new Inbox<Uint8Array>(5);
        for (const bytes of packets) inbox.put(bytes, bytes);
        expect(inbox.size).toBeLessThanOrEqual(10);
        expect(all(inbox).every((bytes) => (packets as Uint8Array[]).includes(bytes))).toBe(true);
        expect(inbox.size).toBe(0);
      }),
    );
  });
});

test("a turn ends after a few packets, so that whatever else waits has its own", async () => {
  const handled: number[] = [];
  const turns = openTurns<number>(
    1000,
    () => 0,
    (number) => handled.push(number),
  );
  for (let number = 0; number < 200; number++) turns.put(discover(number), number);
  expect(handled).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(handled.length).toBeGreaterThan(0);
  expect(handled.length).toBeLessThan(200);
  await expect.poll(() => handled.length).toBe(200);
});
