/** A client that takes only short messages gets the most important options, wherever they find room. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Options } from "../../../bootstrapper/dhcp/options.ts";
import { decodePacket, encodePacket } from "../../../bootstrapper/dhcp/packet.ts";
import { ipv4 } from "../../../cluster/address.ts";
import { message, SERVER } from "../../support/dhcp.ts";
import { anyOptions } from "../../support/dhcp-arbitrary.ts";

const SHORT = { least: 300, most: 548 };
const note = Uint8Array.from({ length: 120 }, (_, index) => index);
const offer = (options: Options, fields = {}) => message("offer", { serverId: SERVER, ...options }, { op: "reply", ...fields });
const squeezed = (...args: Parameters<typeof offer>) => {
  const bytes = encodePacket(offer(...args), SHORT);
  expect(bytes.length).toBeLessThanOrEqual(SHORT.most);
  expect(bytes.length).toBeGreaterThanOrEqual(SHORT.least);
  return { bytes, ...decodePacket(bytes) };
};
const long = (length: number): string => "x".repeat(length);

test("what fits is written as ever, and no field holds options", () => {
  const options = { hostname: long(100), relayAgent: note };
  expect(encodePacket(offer(options), SHORT)).toEqual(encodePacket(offer(options)));
});

test("options move into the file field first, then into sname, and read back from there (RFC 2132 §9.3)", () => {
  const options = { hostname: long(240), domain: long(100), message: long(50), relayAgent: note.subarray(0, 20) };
  const { bytes, options: read } = squeezed(options, { serverName: "10.77.0.1" });
  expect(read).toEqual(offer(options).options);
  expect(bytes[108]).toBe(15);
  expect(bytes[44]).toBe(56);
});

test("a boot file stays in its field", () => {
  const { bootFile, serverName, options } = squeezed(
    { hostname: long(250), domain: long(100), message: long(50) },
    { bootFile: "undionly.kpxe" },
  );
  expect({ bootFile, serverName }).toEqual({ bootFile: "undionly.kpxe", serverName: "" });
  expect(options).not.toHaveProperty("domain");
  expect(options).toHaveProperty("message");
});

test("what finds no room is left out, the least important first, and never what must be repeated", () => {
  const clientId = note.subarray(0, 50);
  const { bytes, options } = squeezed({
    routers: [ipv4("10.77.0.254")],
    others: new Map([[224, new Uint8Array(200)]]),
    hostname: long(200),
    domain: long(200),
    clientId,
    relayAgent: note,
  });
  expect(options).not.toHaveProperty("domain");
  expect(options).not.toHaveProperty("others");
  expect(options).toMatchObject({ messageType: "offer", serverId: SERVER, routers: ["10.77.0.254"], clientId, relayAgent: note });
  expect(bytes.subarray(bytes.length - 123)).toEqual(Uint8Array.of(82, 120, ...note, 255));
});

test("whatever is to be said, a short message reads back as a part of it, with all that must be repeated", () => {
  fc.assert(
    fc.property(anyOptions, fc.integer({ min: 548, max: 1472 }), (options, most) => {
      const bytes = encodePacket(offer(options), { least: 300, most });
      expect(bytes.length).toBeLessThanOrEqual(most);
      const read = decodePacket(bytes);
      expect(read.oddities).toEqual([]);
      const whole = offer(options).options;
      expect({ ...whole, ...read.options, others: 0 }).toEqual({ ...whole, others: 0 });
      expect(read.options.relayAgent).toEqual(whole.relayAgent);
      if ((whole.relayAgent ?? []).length + (whole.clientId ?? []).length < 270)
        for (const name of ["clientId", "machineId"] as const) expect(read.options[name]).toEqual(whole[name]);
      for (const [code, value] of read.options.others ?? []) expect(whole.others?.get(code)).toEqual(value);
    }),
    { numRuns: 300, endOnFailure: true },
  );
});
