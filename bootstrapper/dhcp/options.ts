/** Every DHCP option this server understands, one row each; the types, both directions and all names come from the rows. */
import { ByteWriter } from "../wire/bytes.ts";
import { WireError } from "../wire/error.ts";
import { address, bytes, bytesOf, type Codec, clientName, listOf, oneOf, seconds, text, uint8, uint16 } from "./values.ts";

const option = <T>(code: number, value: Codec<T>, rfc: string) => ({ code, value, rfc, vital: false });

/** What a decision turns on: a packet in which it is garbled cannot be answered, while any other garbled option is left out. */
const vital = <T>(code: number, value: Codec<T>, rfc: string) => ({ code, value, rfc, vital: true });

/** RFC 2132 §9.6. The position in this list is the number on the wire. */
export const MESSAGE_TYPES = [null, "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"] as const;
export type MessageType = NonNullable<(typeof MESSAGE_TYPES)[number]>;

/** Rows are written to the wire in this order, and left out from its end when a client takes only short messages. */
export const OPTIONS = {
  messageType: vital(53, oneOf(MESSAGE_TYPES), "RFC 2132 §9.6"),
  serverId: vital(54, address, "RFC 2132 §9.7"),
  requestedAddress: vital(50, address, "RFC 2132 §9.1"),
  leaseTime: option(51, seconds, "RFC 2132 §9.2"),
  renewalTime: option(58, seconds, "RFC 2132 §9.11"),
  rebindingTime: option(59, seconds, "RFC 2132 §9.12"),
  autoConfigure: option(116, uint8, "RFC 2563 §2"),
  subnetMask: option(1, address, "RFC 2132 §3.3: before the routers"),
  classlessRoutes: option(121, bytesOf(5, 65535), "RFC 3442 §DHCP Client Behavior: before the routers, which it replaces"),
  routers: option(3, listOf(address, 4), "RFC 2132 §3.5"),
  vendorClass: option(60, text, "RFC 2132 §9.13"),
  bootFile: option(67, text, "RFC 2132 §9.5"),
  bootServer: option(66, text, "RFC 2132 §9.4"),
  vendorSpecific: option(43, bytes, "RFC 2132 §8.4"),
  ipxe: option(175, bytes, "https://ipxe.org/howto/dhcpd: iPXE's own options"),
  pxelinuxConfig: option(209, text, "RFC 5071 §5"),
  pxelinuxPrefix: option(210, text, "RFC 5071 §6"),
  broadcastAddress: option(28, address, "RFC 2132 §5.3"),
  nameServers: option(6, listOf(address, 4), "RFC 2132 §3.8"),
  hostname: option(12, text, "RFC 2132 §3.14"),
  domain: option(15, text, "RFC 2132 §3.17"),
  ntpServers: option(42, listOf(address, 4), "RFC 2132 §8.3"),
  clientName: option(81, clientName, "RFC 4702 §2"),
  wanted: option(55, bytesOf(1, 65535), "RFC 2132 §9.8"),
  maxMessageSize: option(57, uint16, "RFC 2132 §9.10"),
  message: option(56, text, "RFC 2132 §9.9"),
  userClass: option(77, bytes, "RFC 3004 §4; iPXE sends it unframed"),
  architectures: option(93, listOf(uint16, 2), "RFC 4578 §2.1"),
  undi: option(94, bytesOf(3, 3), "RFC 4578 §2.2"),
  subnetSelection: option(118, address, "RFC 3011 §2"),
  clientId: option(61, bytesOf(1, 255), "RFC 2132 §9.14; RFC 6842 §3"),
  machineId: option(97, bytesOf(17, 17), "RFC 4578 §2.3"),
  relayAgent: option(82, bytesOf(1, 255), "RFC 3046 §2.0"),
} as const;

/** What a server repeats to whom it answers: written behind everything else, the relay's note last (RFC 3046 §2.1). */
const ECHOED = ["clientId", "machineId", "relayAgent"] as const satisfies readonly OptionName[];

export type OptionName = keyof typeof OPTIONS;
type ValueOf<Name extends OptionName> = (typeof OPTIONS)[Name]["value"] extends Codec<infer T> ? T : never;
export type Options = { readonly [Name in OptionName]?: ValueOf<Name> } & {
  /** Options without a row, as bytes by their code. */
  readonly others?: ReadonlyMap<number, Uint8Array>;
};

/** What became of options from the wire. `oddities` tells, in words, what was left out and why. */
export interface Decoded {
  readonly options: Options;
  readonly oddities: readonly string[];
}

interface Row {
  readonly name: OptionName;
  readonly code: number;
  readonly value: Codec<unknown>;
  readonly vital: boolean;
}

const PAD = 0;
export const END = 255;
const OVERLOAD = 52;
const ROWS: readonly Row[] = (Object.keys(OPTIONS) as OptionName[]).map((name) => ({
  name,
  ...(OPTIONS[name] as Omit<Row, "name">),
}));
const LEADING = ROWS.filter(({ name }) => !(ECHOED as readonly OptionName[]).includes(name));
const TRAILING = ROWS.filter(({ name }) => (ECHOED as readonly OptionName[]).includes(name));
/** The order of the wire, in which options without a row stand before those that are repeated. */
const ORDER: readonly (Row | undefined)[] = [...LEADING, undefined, ...TRAILING];
const OTHERS = LEADING.length;
const PLACES = Object.fromEntries([...ORDER.entries()].map(([place, row]) => [row?.name ?? "others", place])) as Record<
  OptionName | "others",
  number
>;
/** Holds the options of one message while it is written. */
const AT_PLACE: unknown[] = ORDER.map(() => undefined);
const BY_CODE: readonly (Row | undefined)[] = Array.from({ length: 256 }, (_, code) => ROWS.find((row) => row.code === code));

/** The row of an option code; undefined when it has none. */
export const nameOfCode = (code: number): OptionName | undefined => BY_CODE[code]?.name;

/** The option with these bytes; undefined when its code has no row, or its row no such value. */
export function readOption(code: number, value: Uint8Array): Options | undefined {
  const name = nameOfCode(code);
  const { options } = name && !OPTIONS[name].vital ? interpret(new Map([[code, [value]]])) : NOTHING;
  return name && options[name] !== undefined ? options : undefined;
}
const NOTHING: Decoded = { options: {}, oddities: [] };

/** Writes every option and the end mark. */
export function encodeOptions(options: Options, out: ByteWriter): void {
  // To go through what is there and then through the places is quicker than to ask for each row whether it is there.
  for (const name in options) AT_PLACE[PLACES[name as OptionName]] = options[name as OptionName];
  for (let place = 0; place < AT_PLACE.length; place += 1) {
    const value = AT_PLACE[place];
    if (value === undefined) continue;
    AT_PLACE[place] = undefined;
    if (place === OTHERS) for (const [code, raw] of options.others!) encodeOption(code, bytes, raw, out);
    else encodeOption(ORDER[place]!.code, ORDER[place]!.value, value, out);
  }
  out.uint8(END);
}

/** Each option on its own, in the order of the wire; `echoed` are those that are repeated, last of all the relay's note. */
export function encodeEach(options: Options): { readonly said: readonly Uint8Array[]; readonly echoed: readonly Uint8Array[] } {
  const alone = (code: number, codec: Codec<unknown>, value: unknown): Uint8Array => {
    const out = new ByteWriter();
    encodeOption(code, codec, value, out);
    return out.finish();
  };
  const named = (rows: readonly Row[]): Uint8Array[] =>
    rows.flatMap(({ name, code, value }) => (options[name] === undefined ? [] : [alone(code, value, options[name])]));
  const others = [...(options.others ?? [])].map(([code, value]) => alone(code, bytes, value));
  return { said: [...named(LEADING), ...others], echoed: named(TRAILING) };
}

function encodeOption(code: number, codec: Codec<unknown>, value: unknown, out: ByteWriter): void {
  const start = out.length;
  out.uint8(code).uint8(0);
  codec.encode(value, out);
  const length = out.length - start - 2;
  out.put(start + 1, Math.min(length, 255));
  if (length <= 255) return;

  // RFC 3396 §5: a longer value is the same option again and again.
  const whole = out.finish().slice(start + 2);
  out.truncate(start + 2 + 255);
  for (let at = 255; at < length; at += 255) {
    const part = whole.subarray(at, at + 255);
    out.uint8(code).uint8(part.length).bytes(part);
  }
}

/** Raw values by option code; the parts of one belong together in the order met (RFC 3396 §7). */
export type RawOptions = Map<number, Uint8Array[]>;

/** Reads one field of a message, from `at` on, into `found`; answers whether it met the end mark. */
export function collect(field: Uint8Array, where: string, found: RawOptions, at = 0): boolean {
  while (at < field.length) {
    const code = field[at++]!;
    if (code === END) return true;
    if (code === PAD) continue;
    if (at === field.length) throw new WireError("dhcp", `the length of option ${code} in ${where} is cut short`);
    const length = field[at++]!;
    if (length > field.length - at)
      throw new WireError("dhcp", `option ${code} in ${where} is cut short: ${length} bytes expected, ${field.length - at} left`);
    const part = field.subarray(at, at + length);
    at += length;
    const parts = found.get(code);
    if (parts) parts.push(part);
    else found.set(code, [part]);
  }
  return false;
}

/** Throws WireError for a garbled vital option. */
export function interpret(found: RawOptions): Decoded {
  const options: Partial<Record<OptionName | "others", unknown>> = {};
  let others: Map<number, Uint8Array> | undefined;
  let oddities: readonly string[] = NONE;
  for (const [code, parts] of found) {
    const row = BY_CODE[code];
    if (row === undefined) {
      if (code === OVERLOAD) continue; // says where options are, and is none itself
      others ??= new Map();
      others.set(code, joined(parts));
      continue;
    }
    try {
      options[row.name] = row.value.decode(joined(parts));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const complaint = `option ${code} (${row.name}): ${error.message.replace("dhcp: ", "")}`;
      if (row.vital) throw new WireError("dhcp", complaint);
      oddities = [...oddities, complaint];
    }
  }
  if (others) options.others = others;
  return { options: options as Options, oddities };
}

const NONE: readonly string[] = [];

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
