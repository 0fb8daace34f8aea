/** The kinds of values that DHCP options have: the words people write for them, and their bytes. */
import { fromNumber, type Ipv4, ipv4, network, subnet, toNumber } from "./address.ts";
import { decodeNames, encodeNames } from "./dhcp-option-names.ts";

export interface OptionType {
  /** Whether a list of words may be written. */
  readonly several: boolean;
  readonly example: string;
  /** Throws TypeError: "what is wrong; what to write instead". */
  encode(words: readonly string[]): readonly number[];
  /** The words that these bytes are written as; undefined for bytes that are no such value. */
  decode(bytes: Uint8Array): readonly string[] | undefined;
}

const refuse = (word: string, wrong: string, instead: string): never => {
  throw new TypeError(`${JSON.stringify(word.slice(0, 60))} ${wrong}; write ${instead}`);
};

/** A value that always has the same number of bytes. */
interface Item {
  readonly width: number;
  readonly example: string;
  encode(word: string): readonly number[];
  decode(bytes: Uint8Array): string | undefined;
}

const one = (item: Item): OptionType => ({
  several: false,
  example: item.example,
  encode: ([word = ""]) => item.encode(word),
  decode: (bytes) => (bytes.length === item.width ? wholly([item.decode(bytes)]) : undefined),
});

const listOf = (item: Item): OptionType => ({
  several: true,
  example: `[${item.example}]`,
  encode: (words) => words.flatMap((word) => item.encode(word)),
  decode: (bytes) =>
    bytes.length > 0 && bytes.length % item.width === 0
      ? wholly(
          Array.from({ length: bytes.length / item.width }, (_, at) =>
            item.decode(bytes.subarray(at * item.width).subarray(0, item.width)),
          ),
        )
      : undefined,
});

const wholly = (words: readonly (string | undefined)[]): readonly string[] | undefined =>
  words.every((word) => word !== undefined) ? words : undefined;

const number = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
const spread = (value: number, width: number): readonly number[] =>
  Array.from({ length: width }, (_, at) => Math.floor(value / 256 ** (width - 1 - at)) % 256);

/** A whole number of `width` bytes; hexadecimal and octal are not read, as 010 may be eight or ten. */
const whole = (width: number, least: number, example: string): Item => {
  const most = least < 0 ? -least - 1 : 256 ** width - 1;
  return {
    width,
    example,
    encode: (word) => {
      const value = /^-?(0|[1-9]\d{0,9})$/.test(word) ? Number(word) : Number.NaN;
      if (!(value >= least && value <= most)) refuse(word, "is not a number that fits here", `a whole number from ${least} to ${most}`);
      return spread(value < 0 ? value + 256 ** width : value, width);
    },
    decode: (bytes) => String(least < 0 && number(bytes) > most ? number(bytes) - 256 ** width : number(bytes)),
  };
};

const address: Item = {
  width: 4,
  example: "10.0.0.11",
  encode: (word) => spread(toNumber(ipv4(word)), 4),
  decode: (bytes) => fromNumber(number(bytes)),
};

/** Two addresses with a blank between, as ISC's dhcpd writes them. */
const pair = (example: string): Item => ({
  width: 8,
  example,
  encode: (word) => {
    const [first = "", second = "", ...more] = word.split(/[\s/,]+/);
    if (second === "" || more.length > 0) refuse(word, "is not a pair of addresses", `both, as in ${example}`);
    return [...address.encode(first), ...address.encode(second)];
  },
  decode: (bytes) => `${address.decode(bytes.subarray(0, 4))} ${address.decode(bytes.subarray(4))}`,
});

const YES = ["true", "yes", "y", "on", "1"];
const NO = ["false", "no", "n", "off", "0"];
const yesNo: Item = {
  width: 1,
  example: "true",
  encode: (word) => {
    const said = word.toLowerCase();
    return YES.includes(said) ? [1] : NO.includes(said) ? [0] : refuse(word, "is neither yes nor no", "true or false");
  },
  decode: ([byte]) => (byte === 1 ? "true" : byte === 0 ? "false" : undefined),
};

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** RFC 2132 §2: without a NUL at its end, and never empty. A text that would be read as bytes is shown as bytes. */
export const text: OptionType = {
  several: false,
  example: "text",
  encode: ([word = ""]) => {
    if (word === "") refuse(word, "is no text", "at least one character, or leave the option out");
    if (UNSEEN.test(word)) refuse(word, "has characters that do not show", "plain text, or hex: and the bytes");
    return [...new TextEncoder().encode(word)];
  },
  decode: (bytes) => {
    try {
      const word = utf8.decode(bytes);
      return word === "" || UNSEEN.test(word) || /^hex:/i.test(word) ? undefined : [word];
    } catch {
      return undefined;
    }
  },
};

/** Bytes without a form of their own: "hex:0102" or "01:02". */
export const hex: OptionType = {
  several: false,
  example: "hex:0102",
  encode: ([word = ""]) => {
    const digits = word.replace(/^hex:/i, "").replace(/(?<=[\da-f]{2})[: -](?=[\da-f]{2})/gi, "");
    if (!/^([\da-f]{2})+$/i.test(digits)) refuse(word, "is not a string of bytes", "pairs of hexadecimal digits, as in hex:00ff");
    return digits.match(/../g)!.map((pairOfDigits) => Number.parseInt(pairOfDigits, 16));
  },
  decode: (bytes) => (bytes.length > 0 ? [`hex:${hexOf(bytes)}`] : undefined),
};

export const hexOf = (bytes: Iterable<number>): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const VIA = /^(\S+?)(?:\s+(?:via\s+)?|\s*,\s*)(\S+)$/;

/** RFC 3442: the mask's length, as many octets of the network as it covers, the router. */
const routes: OptionType = {
  several: true,
  example: "[10.1.0.0/16 via 10.0.0.254]",
  encode: (words) =>
    words.flatMap((word) => {
      const [, to = "", via = ""] = VIA.exec(word.trim()) ?? refuse(word, "is not a route", "one as in 10.1.0.0/16 via 10.0.0.254");
      const { base, prefix } = subnet(to === "default" ? "0.0.0.0/0" : to);
      return [prefix, ...address.encode(base).slice(0, Math.ceil(prefix / 8)), ...address.encode(via)];
    }),
  decode: (bytes) => {
    const found: string[] = [];
    for (let at = 0; at < bytes.length; ) {
      const prefix = bytes[at]!;
      const octets = Math.ceil(prefix / 8);
      const end = at + 1 + octets + 4;
      if (prefix > 32 || end > bytes.length) return undefined;
      const base = address.decode(Uint8Array.of(...bytes.subarray(at + 1, at + 1 + octets), 0, 0, 0, 0).subarray(0, 4)) as Ipv4;
      if (network(base, prefix) !== base) return undefined;
      found.push(`${prefix === 0 ? "default" : `${base}/${prefix}`} via ${address.decode(bytes.subarray(end - 4, end))}`);
      at = end;
    }
    return found.length > 0 ? found : undefined;
  },
};

const IPV4_WORD = /^[\d.]+$/;

/** RFC 3361 §3: a byte that says which, then names or addresses. */
const servers: OptionType = {
  several: true,
  example: "[sip.example.com]",
  encode: (words) =>
    words.every((word) => IPV4_WORD.test(word)) ? [1, ...words.flatMap(address.encode)] : [0, ...encodeNames(words, false)],
  decode: (bytes) =>
    bytes[0] === 1 ? listOf(address).decode(bytes.subarray(1)) : bytes[0] === 0 ? decodeNames(bytes.subarray(1)) : undefined,
};

const names = (compressed: boolean): OptionType => ({
  several: true,
  example: "[a.lan, b.lan]",
  encode: (words) => encodeNames(words, compressed),
  decode: decodeNames,
});

export const TYPES = {
  ipv4: one(address),
  "ipv4 list": listOf(address),
  "ipv4 pairs": listOf(pair("10.1.0.1 10.0.0.254")),
  uint8: one(whole(1, 0, "64")),
  uint16: one(whole(2, 0, "1400")),
  "uint16 list": listOf(whole(2, 0, "1400")),
  uint32: one(whole(4, 0, "3600")),
  int32: one(whole(4, -(2 ** 31), "-3600")),
  boolean: one(yesNo),
  text,
  "domain name": { ...names(false), several: false, example: "a.lan", decode: (bytes) => single(decodeNames(bytes)) },
  "domain names": names(false),
  /** RFC 1035 §4.1.4 */
  "compressed domain names": names(true),
  servers,
  routes,
  hex,
} as const satisfies Readonly<Record<string, OptionType>>;

export type TypeName = keyof typeof TYPES;

const single = (words: readonly string[] | undefined): readonly string[] | undefined => (words?.length === 1 ? words : undefined);
