/** Resource records, and how the description's and our own become them. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { DnsData } from "../../cluster/cluster.ts";
import { nameWire } from "./name.ts";
import { TYPES } from "./numbers.ts";

export interface Rr {
  /** As name.ts spells it. */
  readonly name: string;
  readonly type: number;
  /** Seconds. */
  readonly ttl: number;
  /** Without compression. */
  readonly data: Uint8Array;
}

/** All records of one name and type; they share a TTL (RFC 2181 §5.2). */
export interface RrSet {
  readonly ttl: number;
  readonly data: readonly Uint8Array[];
}

export const addressData = (address: Ipv4): Buffer => Buffer.from(address.split(".").map(Number));

/** The data of a record of the description. */
export function dataOf(record: DnsData): Buffer {
  switch (record.type) {
    case "A":
      return addressData(record.address);
    case "AAAA":
      return ipv6Data(record.address);
    case "CNAME":
    case "PTR":
    case "NS":
      return nameWire(record.target);
    case "TXT":
      return Buffer.concat(record.texts.flatMap((text) => [Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]));
    case "SRV": {
      const numbers = Buffer.alloc(6);
      for (const [index, number] of [record.priority, record.weight, record.port].entries()) numbers.writeUInt16BE(number, 2 * index);
      return Buffer.concat([numbers, nameWire(record.target)]);
    }
  }
}

export interface Soa {
  readonly primary: string;
  readonly admin: string;
  readonly serial: number;
  /** Seconds that "there is no such thing" holds. */
  readonly minimum: number;
}

/** Seconds. Nobody copies the zone by these but who has a key; they are RFC 1912's for a zone that changes. */
const [REFRESH, RETRY, EXPIRE] = [3600, 600, 86_400];

export function soaData({ primary, admin, serial, minimum }: Soa): Buffer {
  const numbers = Buffer.alloc(20);
  for (const [index, number] of [serial, REFRESH, RETRY, EXPIRE, minimum].entries()) numbers.writeUInt32BE(number >>> 0, 4 * index);
  return Buffer.concat([nameWire(primary), nameWire(admin), numbers]);
}

/** The last 20 bytes of a SOA's data begin with it. */
export const serialOf = (soa: Uint8Array): number => Buffer.from(soa).readUInt32BE(soa.length - 20);

/** As inet_pton reads it: "::" stands for as many zeros as are missing, and the last 32 bits may be written as IPv4. */
function ipv6Data(address: string): Buffer {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a, b, c, d] = octets.map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [front = "", back] = hex.split("::");
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const missing = 8 - groups(front).length - groups(back).length;
  const all = back === undefined ? groups(front) : [...groups(front), ...Array<string>(missing).fill("0"), ...groups(back)];
  const data = Buffer.alloc(16);
  for (const [index, group] of all.entries()) data.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  return data;
}

export const isAddress = (type: number): boolean => type === TYPES.A || type === TYPES.AAAA;
