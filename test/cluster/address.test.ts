import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as address from "../../cluster/address.ts";

const anyIpv4 = fc.nat({ max: 0xffffffff }).map(address.fromNumber);
const anySubnet = fc
  .record({ inside: anyIpv4, prefix: fc.nat({ max: 32 }) })
  .map(({ inside, prefix }) => ({ base: address.network(inside, prefix), prefix }));
const octets = fc
  .array(fc.nat({ max: 255 }), { minLength: 6, maxLength: 6 })
  .map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, "0")));

describe("an IPv4 address", () => {
  test("is the same after a way through its number", () => {
    fc.assert(fc.property(anyIpv4, (one) => address.fromNumber(address.toNumber(address.ipv4(one))) === one));
  });
  test.each([
    "",
    "10.0.0",
    "10.0.0.0.1",
    "10.0.0.256",
    "10.0.0.01",
    "10.0.0.-1",
    " 10.0.0.1",
    "10.0.0.1\n",
    "0x0a.0.0.1",
    "1e1.0.0.1",
    "١٠.0.0.1",
  ])("is not %j", (text) => expect(() => address.ipv4(text)).toThrow(/is not an IPv4 address; write four numbers/));
  test("is refused or taken as written, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,16}$/)), (text) => {
        try {
          return address.ipv4(text) === text;
        } catch (error) {
          return error instanceof TypeError;
        }
      }),
    );
  });
  test("keeps the order of its number", () => {
    fc.assert(
      fc.property(anyIpv4, anyIpv4, (a, b) => {
        const between = address.within({ first: a, last: b }, a);
        return between === address.toNumber(a) <= address.toNumber(b);
      }),
    );
  });
  test("wraps at 2^32, as the next address after the last", () => {
    expect(address.fromNumber(2 ** 32)).toBe("0.0.0.0");
    expect(address.nth(address.subnet("10.96.0.0/12"), 10)).toBe("10.96.0.10");
    expect(address.nth(address.subnet("10.0.0.0/24"), 256)).toBe("10.0.1.0");
  });
  test("has a reverse name", () => {
    expect(address.reverseName(address.ipv4("10.0.0.11"))).toBe("11.0.0.10.in-addr.arpa");
  });
});

describe("a MAC address", () => {
  test("is one value in every spelling", () => {
    fc.assert(
      fc.property(octets, fc.boolean(), (parts, upper) => {
        const dots = [parts.slice(0, 2), parts.slice(2, 4), parts.slice(4)].map((pair) => pair.join("")).join(".");
        const spellings = [parts.join(":"), parts.join("-"), parts.join(""), dots].map((text) => (upper ? text.toUpperCase() : text));
        expect(new Set(spellings.map(address.mac))).toEqual(new Set([parts.join(":")]));
      }),
    );
  });
  test("comes back from the name of a file", () => {
    fc.assert(fc.property(octets, (parts) => address.mac(address.dashed(address.mac(parts.join("")))) === parts.join(":")));
  });
  test.each([
    "",
    "52:54:00:12:34",
    "52:54:00:12:34:5",
    "52:54-00:12:34:56",
    "525400.123456",
    "52540012345g",
    "52:54:00:12:34:56:78",
    "52:54:00:12:34:56\n",
  ])("is not %j", (text) => expect(() => address.mac(text)).toThrow(/is not a MAC address; write six pairs/));
});

describe("a subnet", () => {
  test("is the same after a way through its text", () => {
    fc.assert(
      fc.property(anySubnet, (one) => {
        expect(address.subnet(address.cidr(one))).toEqual(one);
      }),
    );
  });
  test("contains its ends and nothing beyond them", () => {
    fc.assert(
      fc.property(anySubnet, (one) => {
        const first = address.toNumber(one.base);
        const last = address.toNumber(address.broadcast(one));
        expect(last - first + 1).toBe(2 ** (32 - one.prefix));
        expect(address.contains(one, one.base) && address.contains(one, address.broadcast(one))).toBe(true);
        if (first > 0) expect(address.contains(one, address.fromNumber(first - 1))).toBe(false);
        if (last < 0xffffffff) expect(address.contains(one, address.fromNumber(last + 1))).toBe(false);
      }),
    );
  });
  test("overlaps another exactly when an end of one is inside the other", () => {
    fc.assert(
      fc.property(anySubnet, anySubnet, (a, b) => {
        const ends = (one: address.Subnet) => [address.toNumber(one.base), address.toNumber(address.broadcast(one))] as const;
        const [firstA, lastA] = ends(a);
        const [firstB, lastB] = ends(b);
        expect(address.overlap(a, b)).toBe(firstA <= lastB && firstB <= lastA);
        expect(address.overlap(a, b)).toBe(address.overlap(b, a));
      }),
    );
  });
  test("is told the text it should have been when bits stand behind its prefix", () => {
    expect(() => address.subnet("10.77.0.1/24")).toThrow('"10.77.0.1/24" has bits behind its prefix; write 10.77.0.0/24');
  });
  test.each(["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/024", "10.0.0.0/24/8", "10.0.0.0/2 ", "/24"])(
    "is not %j",
    (text) => {
      expect(() => address.subnet(text)).toThrow(TypeError);
    },
  );
});

describe("a netmask", () => {
  test("says its prefix, and the prefix says the mask", () => {
    for (let prefix = 0; prefix <= 32; prefix++) expect(address.prefixOf(address.netmask(prefix))).toBe(prefix);
    expect(address.netmask(0)).toBe("0.0.0.0");
    expect(address.netmask(20)).toBe("255.255.240.0");
    expect(address.netmask(32)).toBe("255.255.255.255");
  });
  test("with a gap is none", () => {
    fc.assert(
      fc.property(anyIpv4, (one) => {
        const gapless = /^1*0*$/.test(address.toNumber(one).toString(2).padStart(32, "0"));
        if (gapless) expect(address.netmask(address.prefixOf(one))).toBe(one);
        else expect(() => address.prefixOf(one)).toThrow(/is not a netmask; write one/);
      }),
    );
  });
});
