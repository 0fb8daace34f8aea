import fc from "fast-check";
import { expect, test } from "vitest";
import { likeness, shuffled } from "../../../../bootstrapper/dns/forward/case.ts";
import { Servers } from "../../../../bootstrapper/dns/forward/servers.ts";
import { ipv4 } from "../../../../cluster/address.ts";

const peer = (last: number) => ({ address: ipv4(`10.0.0.${last}`), port: 53 });
const peers = [peer(1), peer(2), peer(3)];
const order = (servers: Servers, now = 0): string[] => servers.inOrder(peers, now).map((one) => one.peer.address.slice(-1));

test("servers are asked in the order of the description until they are known, then the quickest first", () => {
  const servers = new Servers();
  expect(order(servers)).toEqual(["1", "2", "3"]);
  const [one, two, three] = servers.inOrder(peers, 0) as [never, never, never];
  servers.answered(one, 80);
  servers.answered(two, 5);
  servers.answered(three, 30);
  expect(order(servers)).toEqual(["2", "3", "1"]);
});

test("one that is silent comes last, is spared longer each time, and is asked again after that", () => {
  const servers = new Servers();
  const [one] = servers.inOrder(peers, 0);
  servers.answered(one!, 5);
  servers.wasSilent(one!, 0);
  expect(order(servers)).toEqual(["2", "3", "1"]);
  servers.wasSilent(one!, 0);
  expect(one!.sparedUntil).toBe(2000);
  servers.wasSilent(one!, 2000);
  expect(one!.sparedUntil).toBe(6000);
  for (let i = 0; i < 20; i++) servers.wasSilent(one!, 6000);
  expect(one!.sparedUntil).toBe(66_000);
  servers.answered(one!, 5);
  expect([one!.silent, one!.sparedUntil]).toEqual([0, 0]);
});

test("all that are spared are asked all the same", () => {
  const servers = new Servers();
  for (const one of servers.inOrder(peers, 0)) for (let i = 0; i < 5; i++) servers.wasSilent(one, 0);
  expect(order(servers)).toHaveLength(3);
});

test("a quick server gets less time than one that is not known, and never too little", () => {
  const servers = new Servers();
  const [one, two] = servers.inOrder(peers, 0) as [never, never];
  expect(servers.patience(one, 1500)).toBe(1500);
  servers.answered(one, 100);
  servers.answered(two, 1);
  expect([servers.patience(one, 1500), servers.patience(two, 1500)]).toEqual([400, 150]);
  servers.wasSilent(one, 0);
  expect(servers.patience(one, 1500)).toBe(1500);
});

const question = Buffer.from("\x05a1-Bz\x01[\0\0\x41\0\x01", "latin1");

test("only letters change their case, and never the type or the class", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 2 }), (chance) => {
      const spelled = shuffled(question, chance);
      expect(spelled.toString("latin1").toLowerCase()).toBe(question.toString("latin1").toLowerCase());
      expect(spelled.subarray(-4).equals(question.subarray(-4))).toBe(true);
      expect(likeness(spelled, question)).toBe(spelled.equals(question) ? "same" : "other letters");
    }),
  );
  const seen = new Set(Array.from({ length: 65_536 >> 4 }, (_, i) => shuffled(question, Buffer.of(i & 255, i >> 8)).toString("latin1")));
  expect(seen.size).toBe(8);
});

// biome-ignore format: a table
test.each([
  { one: "\x01a\0\0\x01\0\x01", other: "\x01A\0\0\x01\0\x01", is: "other letters" },
  { one: "\x01a\0\0\x01\0\x01", other: "\x01b\0\0\x01\0\x01", is: "different" },
  { one: "\x01[\0\0\x01\0\x01", other: "\x01{\0\0\x01\0\x01", is: "different" },
  { one: "\x01a\0\0\x41\0\x01", other: "\x01a\0\0\x61\0\x01", is: "different" },
  { one: "\x01a\0\0\x01\0\x01", other: "\x02aa\0\0\x01\0\x01", is: "different" },
])("two questions are $is", ({ one, other, is }) => {
  expect(likeness(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"))).toBe(is);
});

test("a slow server gets another chance now and then", () => {
  const servers = new Servers();
  const [one, two] = servers.inOrder(peers.slice(0, 2), 0) as [never, never];
  servers.answered(one, 100);
  let chances = 0;
  for (let i = 0; i < 1000; i++) {
    const [first] = servers.inOrder(peers.slice(0, 2), 0);
    if (first === one) chances += 1;
    servers.answered(first!, first === one ? 100 : 5);
  }
  servers.answered(two, 5);
  expect(chances).toBeGreaterThan(2);
  expect(chances).toBeLessThan(50);
});
