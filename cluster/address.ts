/** Addresses as plain strings that only their parsers can make, so a checked value stays checked. */
export type Ipv4 = string & { readonly is: "Ipv4" };
export type Mac = string & { readonly is: "Mac" };

/** A network: its first address and the number of leading one bits in its mask. */
export interface Subnet {
  readonly base: Ipv4;
  readonly prefix: number;
}

/** Addresses from `first` to `last`, both included. */
export interface Range {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

export const NOWHERE = "0.0.0.0" as Ipv4;
export const EVERYWHERE = "255.255.255.255" as Ipv4;

/** Throws TypeError unless `text` is four decimal numbers from 0 to 255 without leading zeros (which some readers take for octal). */
export function ipv4(text: string): Ipv4 {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  if (!valid) throw new TypeError(`"${text}" is not an IPv4 address; write four numbers from 0 to 255, as in 10.0.0.11`);
  return text as Ipv4;
}

/** Accepts 52:54:00:.., 52-54-00-.. (iPXE's hexhyp), 5254.00.. (switches) and 525400..; always answers lower case with colons. */
export function mac(text: string): Mac {
  const digits = text.toLowerCase().replace(/[:.-]/g, "");
  const spelled = /^([0-9a-f]{2}([:-]?)([0-9a-f]{2}\2){4}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i.test(text);
  if (!spelled) throw new TypeError(`"${text}" is not a MAC address; write six pairs, as in 52:54:00:12:34:56`);
  return digits.match(/../g)!.join(":") as Mac;
}

/** 52-54-00-12-34-56: a MAC as a file name, a host name and pxelinux write it. */
export const dashed = (address: Mac): string => address.replaceAll(":", "-");

/** Throws TypeError unless `text` is ADDRESS/PREFIX with no bit set behind the prefix. */
export function subnet(text: string): Subnet {
  const [, address = "", bits = ""] = /^([^/]*)\/(\d|[1-9]\d)$/.exec(text) ?? [];
  const prefix = Number(bits);
  if (bits === "" || prefix > 32) throw new TypeError(`"${text}" is not a subnet; write address/prefix, as in 10.0.0.0/24`);
  const base = network(ipv4(address), prefix);
  if (base !== address) throw new TypeError(`"${text}" has bits behind its prefix; write ${base}/${prefix}`);
  return { base, prefix };
}

/** Servers do this several times for each packet, so it makes nothing but the number. */
export function toNumber(address: Ipv4): number {
  let sum = 0;
  let part = 0;
  for (let at = 0; at < address.length; at += 1) {
    const digit = address.charCodeAt(at) - 48; // "0"; the only other characters are dots
    if (digit >= 0) part = part * 10 + digit;
    else {
      sum = sum * 256 + part;
      part = 0;
    }
  }
  return sum * 256 + part;
}

/** `number` is taken modulo 2^32. */
export const fromNumber = (number: number): Ipv4 =>
  `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}` as Ipv4;

export const netmask = (prefix: number): Ipv4 => fromNumber(prefix === 0 ? 0 : -1 << (32 - prefix));

/** 255.255.255.0 -> 24. Throws TypeError when the one bits are not all in front. */
export function prefixOf(mask: Ipv4): number {
  const prefix = [...toNumber(mask).toString(2)].filter((bit) => bit === "1").length;
  if (netmask(prefix) !== mask) throw new TypeError(`"${mask}" is not a netmask; write one such as 255.255.255.0`);
  return prefix;
}

export const network = (address: Ipv4, prefix: number): Ipv4 => fromNumber(toNumber(address) & toNumber(netmask(prefix)));
export const broadcast = ({ base, prefix }: Subnet): Ipv4 => fromNumber(toNumber(base) | ~toNumber(netmask(prefix)));
export const contains = ({ base, prefix }: Subnet, address: Ipv4): boolean =>
  prefix === 0 || (toNumber(address) ^ toNumber(base)) >>> (32 - prefix) === 0;
export const within = ({ first, last }: Range, address: Ipv4): boolean =>
  toNumber(first) <= toNumber(address) && toNumber(address) <= toNumber(last);
export const overlap = (a: Subnet, b: Subnet): boolean => contains(a, b.base) || contains(b, a.base);
export const cidr = ({ base, prefix }: Subnet): string => `${base}/${prefix}`;

/** The address `index` places after the subnet's first: `nth(10.96.0.0/12, 1)` is 10.96.0.1. */
export const nth = ({ base }: Subnet, index: number): Ipv4 => fromNumber(toNumber(base) + index);

/** 10.0.0.11 -> 11.0.0.10.in-addr.arpa (RFC 1035 §3.5). */
export const reverseName = (address: Ipv4): string => `${address.split(".").reverse().join(".")}.in-addr.arpa`;
