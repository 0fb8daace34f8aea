import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexOf, TYPES, type TypeName } from "../../cluster/dhcp-option-types.ts";
import {
  DHCP_OPTIONS,
  decodeOption,
  describeOption,
  encodeOption,
  OPTION_NAMES,
  optionByCode,
  optionName,
  optionNamed,
} from "../../cluster/dhcp-options.ts";

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const encoded = (name: string, ...words: string[]): string => encodeOption(optionNamed(name)!.code, words).hex;
const TYPE_NAMES = Object.keys(TYPES) as TypeName[];

describe("the table", () => {
  test("has every option of RFC 2132, and no code or name twice", () => {
    const codes = DHCP_OPTIONS.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes).toEqual(codes.toSorted((a, b) => a - b));
    expect(codes).toEqual(expect.arrayContaining(Array.from({ length: 76 }, (_, index) => index + 1)));
    expect(Math.min(...codes)).toBe(1);
    expect(Math.max(...codes)).toBeLessThan(255);
    const names = OPTION_NAMES.map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });

  test("knows every name that dnsmasq knows, as the same option", () => {
    const { stdout } = spawnSync("dnsmasq", ["--help", "dhcp"], { encoding: "utf8" });
    const theirs = [...stdout.matchAll(/^ *(\d+) (\S+)$/gm)].map(([, code, name]) => ({ code: Number(code), name: name! }));
    expect(theirs.length).toBeGreaterThan(50);
    // Their 255 is no option, but a switch of their own.
    for (const { code, name } of theirs.filter((one) => one.code < 255)) {
      expect([name, optionNamed(name)?.code]).toEqual([name, code]);
    }
  });

  test("refuses what only a server, a client or a relay can say, wherever it is written", () => {
    for (const code of [50, 51, 52, 53, 54, 55, 57, 58, 59, 60, 61, 67, 82]) {
      const { refused } = optionByCode(code)!;
      for (const at of ["network", "subnet", "machine"] as const) expect(refused?.[at]).toMatch(/; (write|leave) /);
    }
  });

  test("leaves a machine its own routers and name servers, which no field of a machine says", () => {
    expect(optionNamed("routers")!.refused).toMatchObject({ network: expect.stringContaining("routers:") });
    expect(optionNamed("routers")!.refused?.machine).toBeUndefined();
    expect(optionNamed("dns-server")!.refused?.machine).toBeUndefined();
  });
});

describe("values have the bytes that the RFCs give", () => {
  test.each([
    { option: "time-offset", words: ["-18000"], hex: "ffffb9b0" },
    { option: "mtu", words: ["1400"], hex: "0578" },
    { option: "ntp-servers", words: ["10.0.0.1", "10.0.0.2"], hex: "0a0000010a000002" },
    { option: "ip-forwarding", words: ["no"], hex: "00" },
    { option: "static-routes", words: ["10.9.8.7 10.0.0.1"], hex: "0a0908070a000001" },
    { option: "tftp-server-name", words: ["boot.demo.lan"], hex: "626f6f742e64656d6f2e6c616e" },
    { option: "v4-captive-portal", words: ["https://a/b"], hex: "68747470733a2f2f612f62" },
    { option: "pxelinux-magic", words: ["hex:f100747e"], hex: "f100747e" },
    { option: "pxelinux-magic", words: ["f1:00:74:7e"], hex: "f100747e" },
    { option: "pxelinux-reboottime", words: ["30"], hex: "0000001e" },
    // RFC 3442, page 3: the examples of its table, behind one router
    { option: "classless-static-route", words: ["default via 10.0.0.1"], hex: "000a000001" },
    { option: "classless-static-route", words: ["10.0.0.0/8 via 10.0.0.1"], hex: "080a0a000001" },
    { option: "classless-static-route", words: ["10.17.0.0/16 10.0.0.1"], hex: "100a110a000001" },
    { option: "classless-static-route", words: ["10.27.129.0/24 via 10.0.0.1"], hex: "180a1b810a000001" },
    { option: "classless-static-route", words: ["10.229.0.128/25 via 10.0.0.1"], hex: "190ae500800a000001" },
    // RFC 3397 §2: the second name ends as the first does
    {
      option: "domain-search",
      words: ["eng.apple.com", "marketing.apple.com"],
      hex: "03656e67056170706c6503636f6d00096d61726b6574696e67c004",
    },
    // RFC 3361 §3.1 and §3.2
    { option: "sip-servers", words: ["example.com", "example.net"], hex: "00076578616d706c6503636f6d00076578616d706c65036e657400" },
    { option: "sip-servers", words: ["10.0.0.5"], hex: "010a000005" },
  ])("$option $words", ({ option, words, hex }) => {
    expect(encoded(option, ...words)).toBe(hex);
  });

  test("a code without a name takes text or bytes", () => {
    expect(encodeOption(224, ["text"])).toEqual({ code: 224, hex: "74657874" });
    expect(encodeOption(224, ["hex:00FF"])).toEqual({ code: 224, hex: "00ff" });
  });

  test("a value may be given as bytes if they are such a value", () => {
    expect(encoded("mtu", "hex:0578")).toBe("0578");
    expect(() => encoded("mtu", "hex:05")).toThrow('"hex:05" is no value of this option; write one, as in 1400');
  });
});

describe("what is no value is refused with a word on what to write", () => {
  test.each([
    { option: "mtu", words: ["65536"], says: '"65536" is not a number that fits here; write a whole number from 0 to 65535' },
    { option: "mtu", words: ["010"], says: "a whole number from 0 to 65535" },
    { option: "mtu", words: ["1400", "1500"], says: "takes a single value; write one, as in 1400" },
    { option: "time-offset", words: ["2147483648"], says: "from -2147483648 to 2147483647" },
    { option: "ntp-servers", words: ["ntp.demo.lan"], says: '"ntp.demo.lan" is not an IPv4 address' },
    { option: "ntp-servers", words: [], says: "has no value; write one, as in [10.0.0.11]" },
    { option: "ip-forwarding", words: ["maybe"], says: '"maybe" is neither yes nor no' },
    { option: "static-routes", words: ["10.0.0.1"], says: "write both, as in 10.1.0.1 10.0.0.254" },
    { option: "classless-static-route", words: ["10.1.0.0/16"], says: "is not a route; write one as in 10.1.0.0/16 via 10.0.0.254" },
    { option: "classless-static-route", words: ["10.1.0.1/16 via 10.0.0.254"], says: "has bits behind its prefix; write 10.1.0.0/16" },
    { option: "domain-search", words: ["a..lan"], says: '"a..lan" is not a domain name' },
    { option: "domain-search", words: [`${"a".repeat(64)}.lan`], says: "is not a domain name" },
    { option: "geoconf", words: ["hex:0"], says: "write pairs of hexadecimal digits, as in hex:00ff" },
    { option: "tftp-server-name", words: [""], says: "is no text" },
    { option: "tftp-server-name", words: ["a\u0000"], says: "has characters that do not show" },
    { option: "tftp-server-name", words: ["a".repeat(1025)], says: "has 1025 bytes; write at most 1024" },
  ])("$option $words", ({ option, words, says }) => {
    expect(() => encoded(option, ...words)).toThrow(TypeError);
    expect(() => encoded(option, ...words)).toThrow(says);
  });
});

const ipv4 = fc.ipV4();
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,9}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
const single = (word: fc.Arbitrary<string>) => word.map((one) => [one]);
const several = (word: fc.Arbitrary<string>) => fc.array(word, { minLength: 1, maxLength: 12, size: "max" });
const route = fc.tuple(fc.integer({ min: 0, max: 32 }), fc.nat(0xffffffff), ipv4).map(([prefix, address, via]) => {
  const base = prefix === 0 ? 0 : (address & (-1 << (32 - prefix))) >>> 0;
  return `${prefix === 0 ? "default" : `${[24, 16, 8, 0].map((shift) => (base >>> shift) & 255).join(".")}/${prefix}`} via ${via}`;
});

/** Words as they are written for each type, in the spelling they are printed in. */
const WORDS: Readonly<Record<TypeName, fc.Arbitrary<string[]>>> = {
  ipv4: single(ipv4),
  "ipv4 list": several(ipv4),
  "ipv4 pairs": several(fc.tuple(ipv4, ipv4).map((both) => both.join(" "))),
  uint8: single(fc.nat(255).map(String)),
  uint16: single(fc.nat(65_535).map(String)),
  "uint16 list": several(fc.nat(65_535).map(String)),
  uint32: single(fc.nat(0xffffffff).map(String)),
  int32: single(fc.integer().map(String)),
  boolean: single(fc.constantFrom("true", "false")),
  text: single(fc.string({ minLength: 1, maxLength: 300, size: "max" }).filter((word) => !/^hex:/i.test(word))),
  "domain name": single(name),
  "domain names": several(name),
  "compressed domain names": several(name),
  servers: fc.oneof(several(ipv4), several(name.filter((word) => !/^[\d.]+$/.test(word)))),
  routes: several(route),
  hex: single(fc.uint8Array({ minLength: 1, maxLength: 300, size: "max" }).map((bytes) => `hex:${hexOf(bytes)}`)),
};

describe.each(TYPE_NAMES)("%s", (type) => {
  test("words become bytes and the same words again", () => {
    fc.assert(
      fc.property(WORDS[type], (words) => {
        expect(TYPES[type].decode(Uint8Array.from(TYPES[type].encode(words)))).toEqual(words);
      }),
    );
  });

  test("bytes that are a value become words and the same value again; any others are no value", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40, size: "max" }), (bytes) => {
        const words = TYPES[type].decode(bytes);
        if (words === undefined) return;
        const again = Uint8Array.from(TYPES[type].encode(words));
        expect(TYPES[type].decode(again)).toEqual(words);
        // Names may be compressed in more than one way.
        if (!/names|name$|servers/.test(type)) expect(again).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});

test("compressed names are never longer, and say the same", () => {
  fc.assert(
    fc.property(several(name), (words) => {
      const short = TYPES["compressed domain names"].encode(words);
      expect(short.length).toBeLessThanOrEqual(TYPES["domain names"].encode(words).length);
      expect(TYPES["domain names"].decode(Uint8Array.from(short))).toEqual(words);
    }),
  );
});

test.each([
  { when: "a name points to itself", hex: "c000" },
  { when: "two names point to each other", hex: "0161c0040162c000" },
  { when: "a name points beyond the end", hex: "0161c0ff" },
  { when: "a label is cut off", hex: "0561" },
  { when: "a name has no end", hex: "0161" },
  { when: "a name is empty", hex: "00" },
])("bytes are no names when $when", ({ hex }) => {
  expect(decodeOption(119, bytesOf(hex))).toBeUndefined();
});

describe("a journal can say", () => {
  test("an option's name, or its code when it has none", () => {
    expect(optionName(119)).toBe("domain-search");
    expect(optionName(224)).toBe("224");
  });

  test("an option with its value, whatever its bytes are", () => {
    expect(describeOption(119, bytesOf("016103 6c616e00".replaceAll(" ", "")))).toBe("domain-search a.lan");
    expect(describeOption(42, bytesOf("0a0000010a000002"))).toBe("ntp-servers 10.0.0.1, 10.0.0.2");
    expect(describeOption(26, bytesOf("05"))).toBe("interface-mtu hex:05");
    expect(describeOption(224, bytesOf("00ff"))).toBe("224 hex:00ff");
    expect(describeOption(26, bytesOf(""))).toBe("interface-mtu empty");
  });

  test("every option of every packet, on one line", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 60 }), (code, bytes) => {
        expect(describeOption(code, bytes)).toMatch(/^\S+ [^\p{Cc}]+$/u);
      }),
    );
  });
});
