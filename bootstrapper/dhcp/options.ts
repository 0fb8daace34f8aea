/** Every DHCP option this server reads or writes, one row each; the types, both directions and all names come from the rows. */
import { ByteReader, ByteWriter } from "../wire/bytes.ts";
import { WireError } from "../wire/error.ts";
import { address, bytes, bytesOf, type Codec, clientName, listOf, oneOf, seconds, text, uint8, uint16 } from "./values.ts";

const option = <T>(code: number, value: Codec<T>, rfc: string) => ({ code, value, rfc, vital: false });

/** What a decision turns on: a packet in which it is garbled cannot be answered, while any other garbled option is left out. */
const vital = <T>(code: number, value: Codec<T>, rfc: string) => ({ code, value, rfc, vital: true });

/** RFC 2132 §9.6. The position in this list is the number on the wire. */
export const MESSAGE_TYPES = [null, "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"] as const;
export type MessageType = NonNullable<(typeof MESSAGE_TYPES)[number]>;

/** Rows are written to the wire in this order, so `relayAgent` stays last (RFC 3046 §2.1). */
export const OPTIONS = {
  messageType: vital(53, oneOf(MESSAGE_TYPES), "RFC 2132 §9.6"),
  serverId: vital(54, address, "RFC 2132 §9.7"),
  requestedAddress: vital(50, address, "RFC 2132 §9.1"),
  leaseTime: option(51, seconds, "RFC 2132 §9.2"),
  renewalTime: option(58, seconds, "RFC 2132 §9.11"),
  rebindingTime: option(59, seconds, "RFC 2132 §9.12"),
  subnetMask: option(1, address, "RFC 2132 §3.3: before the routers"),
  routers: option(3, listOf(address, 4), "RFC 2132 §3.5"),
  broadcastAddress: option(28, address, "RFC 2132 §5.3"),
  nameServers: option(6, listOf(address, 4), "RFC 2132 §3.8"),
  hostname: option(12, text, "RFC 2132 §3.14"),
  domain: option(15, text, "RFC 2132 §3.17"),
  ntpServers: option(42, listOf(address, 4), "RFC 2132 §8.3"),
  wanted: option(55, listOf(uint8, 1), "RFC 2132 §9.8"),
  message: option(56, text, "RFC 2132 §9.9"),
  vendorClass: option(60, text, "RFC 2132 §9.13"),
  vendorSpecific: option(43, bytes, "RFC 2132 §8.4"),
  bootServer: option(66, text, "RFC 2132 §9.4"),
  bootFile: option(67, text, "RFC 2132 §9.5"),
  userClass: option(77, bytes, "RFC 3004 §4; iPXE sends it unframed"),
  clientName: option(81, clientName, "RFC 4702 §2"),
  architectures: option(93, listOf(uint16, 2), "RFC 4578 §2.1"),
  ipxe: option(175, bytes, "https://ipxe.org/howto/dhcpd: iPXE's own options"),
  clientId: option(61, bytesOf(1, 255), "RFC 2132 §9.14; RFC 6842 §3"),
  machineId: option(97, bytesOf(17, 17), "RFC 4578 §2.3"),
  relayAgent: option(82, bytesOf(1, 255), "RFC 3046 §2.0"),
} as const;

export type OptionName = keyof typeof OPTIONS;
type ValueOf<Name extends OptionName> = (typeof OPTIONS)[Name]["value"] extends Codec<infer T> ? T : never;
export type Options = { readonly [Name in OptionName]?: ValueOf<Name> };

/** What became of options from the wire. `oddities` tells, in words, what was left out and why. */
export interface Decoded {
  readonly options: Options;
  readonly oddities: readonly string[];
}

const PAD = 0;
const END = 255;
const NAMES = Object.keys(OPTIONS) as OptionName[];
const BY_CODE = new Map(NAMES.map((name) => [OPTIONS[name].code as number, name]));
const codecOf = (name: OptionName): Codec<unknown> => OPTIONS[name].value as Codec<unknown>;

export function encodeOptions(options: Options): Uint8Array {
  const out = new ByteWriter();
  for (const name of NAMES) {
    if (options[name] === undefined) continue;
    let rest = codecOf(name).encode(options[name]);
    do {
      const part = rest.subarray(0, 255); // RFC 3396 §5: a longer value is the same option again and again
      out.uint8(OPTIONS[name].code).uint8(part.length).bytes(part);
      rest = rest.subarray(255);
    } while (rest.length > 0);
  }
  return out.uint8(END).finish();
}

/** Raw values by option code; the parts of one belong together in the order met (RFC 3396 §7). */
export type RawOptions = Map<number, Uint8Array[]>;

/** Reads one field of a message into `found`; answers whether it met the end mark. */
export function collect(field: Uint8Array, where: string, found: RawOptions): boolean {
  const reader = new ByteReader("dhcp", field);
  while (reader.left > 0) {
    const code = reader.uint8("option");
    if (code === END) return true;
    if (code === PAD) continue;
    const length = reader.uint8(`the length of option ${code} in ${where}`);
    const part = reader.take(length, `option ${code} in ${where}`);
    const parts = found.get(code);
    if (parts) parts.push(part);
    else found.set(code, [part]);
  }
  return false;
}

/** Options without a row are dropped: a server has no use for what it cannot name. Throws WireError for a garbled vital one. */
export function interpret(found: RawOptions): Decoded {
  const options: Record<string, unknown> = {};
  const oddities: string[] = [];
  for (const [code, parts] of found) {
    const name = BY_CODE.get(code);
    if (name === undefined) continue;
    try {
      options[name] = codecOf(name).decode(joined(parts));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const complaint = `option ${code} (${name}): ${error.message.replace("dhcp: ", "")}`;
      if (OPTIONS[name].vital) throw new WireError("dhcp", complaint);
      oddities.push(complaint);
    }
  }
  return { options: options as Options, oddities };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : parts.reduce((out, part) => out.bytes(part), new ByteWriter()).finish();
}
