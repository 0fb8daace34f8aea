/** Reverse zones of subnets, whatever their prefix: a zone ends at a dot, a subnet need not. RFC 1035 §3.5, RFC 2317. */
import { contains, fromNumber, type Ipv4, overlap, reverseName, type Subnet, toNumber } from "../../../cluster/address.ts";
import { Zone } from "./zone.ts";

const ENDING = ".in-addr.arpa";

/** The addresses that a name stands for: one, or with fewer labels all that begin so. Undefined when it is no such name. */
export function addressesOf(name: string): Subnet | undefined {
  if (!name.endsWith(ENDING)) return undefined;
  const octets = name.slice(0, -ENDING.length).split(".").reverse();
  if (octets.length > 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)) return undefined;
  return { base: [...octets, "0", "0", "0"].slice(0, 4).join(".") as Ipv4, prefix: 8 * octets.length };
}

/** Zones for the addresses of all subnets: 10.0.16.0/20 is sixteen of 256 addresses, and of a /25 we answer for our half of one. */
export function reverseZones(subnets: readonly Subnet[]): readonly Zone[] {
  const covers = (name: string): boolean => {
    const addresses = addressesOf(tail(name));
    return addresses === undefined || subnets.some((subnet) => overlap(subnet, addresses));
  };
  const apexes = new Set(subnets.flatMap((subnet) => zonesAround(subnet)));
  return [...apexes].map((apex) => new Zone(apex, { covers }));
}

function zonesAround({ base, prefix }: Subnet): readonly string[] {
  const depth = Math.min(3, Math.max(1, Math.ceil(prefix / 8)));
  const step = 2 ** (32 - 8 * depth);
  const count = 2 ** Math.max(0, 8 * depth - prefix);
  return Array.from({ length: count }, (_, index) => zoneName(fromNumber(toNumber(base) + index * step), depth));
}

const zoneName = (address: Ipv4, depth: number): string =>
  reverseName(address)
    .split(".")
    .slice(4 - depth)
    .join(".");

/** Whatever is below an address is as much ours as the address. */
function tail(name: string): string {
  const labels = name.split(".");
  return labels.slice(Math.max(0, labels.length - 6)).join(".");
}

/** RFC 2317 §4: the zone that a parent can hand us when our subnet is smaller than a zone: 128/25.0.0.10.in-addr.arpa. */
export function classlessZone({ base, prefix }: Subnet): Zone | undefined {
  if (prefix <= 24) return undefined;
  const [host, ...rest] = reverseName(base).split(".");
  return new Zone([`${host}/${prefix}`, ...rest].join("."));
}

export const classlessName = (zone: Zone, address: Ipv4): string => `${address.split(".")[3]}.${zone.apex}`;

/** The address whose name is asked for in a zone of classlessZone, or in any other. */
export function addressNamed(name: string, subnets: readonly Subnet[]): Ipv4 | undefined {
  const plain = name.replace(/^(\d+)\.\d+\/\d+\./, "$1.");
  const addresses = addressesOf(plain);
  return addresses?.prefix === 32 && subnets.some((subnet) => contains(subnet, addresses.base)) ? addresses.base : undefined;
}
