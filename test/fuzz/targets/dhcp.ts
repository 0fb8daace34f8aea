/** DHCP: packets, option values, frames below UDP, and what is decided about whatever was understood. */
import { readdirSync, readFileSync } from "node:fs";
import { answer, type Decision, type World } from "../../../bootstrapper/dhcp/answer.ts";
import { arpSender, echoReply } from "../../../bootstrapper/dhcp/frames.ts";
import { hasEnded, record } from "../../../bootstrapper/dhcp/leases.ts";
import { collect, encodeOptions, interpret, type Options, type RawOptions, readOption } from "../../../bootstrapper/dhcp/options.ts";
import { decodePacket, encodePacket, LEAST, type Packet } from "../../../bootstrapper/dhcp/packet.ts";
import { answerProxy, type Heard } from "../../../bootstrapper/dhcp/proxy.ts";
import { ByteWriter } from "../../../bootstrapper/wire/bytes.ts";
import { subnet } from "../../../cluster/address.ts";
import { at, bookWith, CP1, message, NOON, PXE, rack, SERVER, STRANGER, stranger, W1, W2, world } from "../../support/dhcp.ts";
import { attempt, must, same, type Target } from "../target.ts";

const FIXTURES = "test/fixtures/dhcp";
const captured = (): Uint8Array[] =>
  readdirSync(FIXTURES)
    .filter((name) => name.endsWith(".bin"))
    .map((name) => readFileSync(`${FIXTURES}/${name}`));
const handmade = (): Uint8Array[] =>
  [
    message("discover", { ...PXE["uefi"], ...at("10.77.0.105") }),
    message("request", { serverId: SERVER, ...at("10.77.0.11") }),
    message("request", {}, { clientAddress: at("10.77.0.101").requestedAddress, mac: STRANGER }),
    message("decline", { serverId: SERVER, ...at("10.77.0.100") }, { mac: W2 }),
    message("release", { serverId: SERVER }, { clientAddress: at("10.77.0.100").requestedAddress, mac: W2 }),
    message("inform", {}, { clientAddress: at("10.77.0.12").requestedAddress, mac: W1 }),
    message(
      "discover",
      { relayAgent: Uint8Array.of(1, 2, 0, 7, 5, 4, 10, 77, 0, 0) },
      { relayAddress: at("10.77.0.253").requestedAddress },
    ),
    message("discover", { clientName: { flags: 5, name: "w-9.lab" }, clientId: Uint8Array.of(1, 2, 3), maxMessageSize: 576 }),
  ].map((packet) => encodePacket(packet));
const packets = (): Uint8Array[] => [...captured(), ...handmade()];

export const dhcpPacket: Target = {
  name: "dhcp-packet",
  seeds: packets,
  check: (bytes) => {
    const packet = attempt(() => decodePacket(bytes));
    const written = packet && attempt(() => encodePacket(packet)); // sname and file may have used the last byte of their field
    if (!written) return;
    const again = decodePacket(written);
    same(encodePacket(again), written, "what was read and written once is written the same again");
    same({ ...again, oddities: [] }, { ...packet, oddities: [] }, "what was written is read as it was meant");
  },
};

/** The first byte is the option's code. */
export const dhcpOption: Target = {
  name: "dhcp-option",
  seeds: () => packets().flatMap(optionsOf),
  check: (bytes) => {
    const [code = 0] = bytes;
    const value = attempt(() => readOption(code, bytes.subarray(1)));
    if (value) roundTrip(value);
    const found: RawOptions = new Map();
    const several = attempt(() => {
      collect(bytes, "the options", found);
      return interpret(found).options;
    });
    if (several) roundTrip(several);
  },
};

function roundTrip(options: Options): void {
  const out = new ByteWriter();
  encodeOptions(options, out);
  const found: RawOptions = new Map();
  must(collect(out.finish(), "the options", found), "options that were written have an end");
  same(interpret(found).options, options, "an option is read as it was written");
}

function optionsOf(packet: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [packet.subarray(240)];
  for (let place = 240; packet[place] !== undefined && packet[place] !== 255; place += 2 + packet[place + 1]!)
    found.push(Buffer.concat([packet.subarray(place, place + 1), packet.subarray(place + 2, place + 2 + packet[place + 1]!)]));
  return found;
}

const RELAYED = { subnets: [{ subnet: subnet("10.78.0.0/24"), routers: [], ranges: [], options: [] }] };

/** What leaves must be a message of ours to whom it is for, and no longer than they take. */
function proper(request: Packet, decision: Decision): void {
  must(decision.because.length > 0, "a decision has a reason");
  must(!/\p{Cc}/u.test(decision.because), `the reason is one line: ${JSON.stringify(decision.because)}`);
  if (decision.do !== "reply") return;
  const { packet, room } = decision;
  const bytes = encodePacket(packet, room);
  must(bytes.length >= LEAST && bytes.length <= Math.max(room.most, LEAST), `a reply of ${bytes.length} bytes, where ${room.most} fit`);
  const read = decodePacket(bytes);
  must(read.op === "reply" && read.transaction === request.transaction && read.mac === request.mac, "a reply is to its request");
  must(read.options.messageType !== undefined && read.options.serverId !== undefined, "a reply says what it is and who speaks");
}

export const dhcpAnswer: Target = {
  name: "dhcp-answer",
  seeds: packets,
  check: (bytes) => {
    const request = attempt(() => decodePacket(bytes));
    if (request) proper(request, answer(request, served()));
  },
};

let kept: World | undefined;
/** A decision changes nothing, so one world does for all. */
function served(): World {
  const fresh = (): World => {
    const made = world({ cluster: rack(RELAYED) });
    return { ...made, book: bookWith(made.site.addresses, [STRANGER, "10.77.0.101"], [W2, "10.77.0.100"]) };
  };
  kept ??= fresh();
  return kept;
}

const proxied = world({ cluster: rack({ dhcp: "proxy" }) });
/** The first byte says which port heard it. */
export const dhcpProxy: Target = {
  name: "dhcp-proxy",
  seeds: () => packets().map((bytes) => Buffer.concat([Buffer.of(0), bytes])),
  check: (bytes) => {
    const request = attempt(() => decodePacket(bytes.subarray(1)));
    const heard: Heard = (bytes[0] ?? 0) & 1 ? "pxe" : "dhcp";
    if (request) proper(request, answerProxy(request, heard, proxied));
  },
};

/** One step a message: who speaks, what, about which address, and how many seconds pass before. */
const STEP = 4;
const TYPES = ["discover", "request", "request", "decline", "release", "inform"] as const;

/** Whatever a crowd says in whatever order, no address is ever given to two of them at a time. */
export const dhcpCrowd: Target = {
  name: "dhcp-crowd",
  seeds: () => [Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 3, 0, 200, 2, 0, 0, 0, 2, 1, 0, 255, 0, 4, 0, 0)],
  check: (bytes) => {
    const { site, nextBoot, book } = world();
    const given = new Map<string, { readonly to: string; readonly until: number }>();
    let now = NOON;
    for (let place = 0; place + STEP <= Math.min(bytes.length, 400); place += STEP) {
      const [who, what, where, wait] = bytes.subarray(place, place + STEP) as unknown as [number, number, number, number];
      now += wait * 20_000;
      const mac = [CP1, W1, W2][who % 16] ?? stranger(who % 16);
      const address = at(`10.77.0.${what & 0x80 ? where : 100 + (where % 10)}`);
      const type = TYPES[what % TYPES.length]!;
      const renewing = (what & 0x40) !== 0 || type === "release" || type === "inform";
      const packet = message(type, renewing ? {} : { ...address, ...(what & 0x20 && { serverId: SERVER }) }, {
        mac,
        ...(renewing && { clientAddress: address.requestedAddress }),
      });
      const decision = answer(packet, { site, book, nextBoot, now });
      proper(packet, decision);
      if (decision.lease) record(book, decision.lease, now);
      const lease = decision.lease;
      if (lease && (lease.state !== "bound" || hasEnded(lease, now)) && given.get(lease.address)?.to === mac) given.delete(lease.address);
      if (decision.do !== "reply" || decision.packet.options.messageType !== "ack" || decision.packet.yourAddress === "0.0.0.0") continue;
      const other = given.get(decision.packet.yourAddress);
      must(!other || other.to === mac || other.until <= now, `${decision.packet.yourAddress} is ${other?.to}'s and was given to ${mac}`);
      given.set(decision.packet.yourAddress, { to: mac, until: now + site.segments[0]!.lease * 1000 });
    }
  },
};

/** What comes below UDP when an address is probed. */
export const dhcpFrames: Target = {
  name: "dhcp-frames",
  seeds: () => [
    Buffer.from("0001080006040002525400000011 0a4d0064 5254000000fe 0a4d0001".replaceAll(" ", ""), "hex"),
    Buffer.from("45000024000100004001000 00a4d00640a4d0001 0000ffff00070001".replaceAll(" ", ""), "hex"),
  ],
  check: (bytes) => {
    attempt(() => arpSender(bytes));
    attempt(() => echoReply(bytes));
  },
};
