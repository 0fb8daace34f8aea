/** The lease book as text that people and other DHCP servers read. */
import { type Ipv4, toNumber } from "../../cluster/address.ts";
import type { Lease } from "./leases.ts";

/** `dnsmasq` and `kea` are the lease files of those servers, to move to them or to feed tools made for them. */
export const LEASE_FORMATS = ["text", "json", "csv", "dnsmasq", "kea"] as const;
export type LeaseFormat = (typeof LEASE_FORMATS)[number];

/** What a lease is at this moment: `ended` may be given to somebody else. */
type Standing = "runs" | "ended" | "offered" | "given back" | "in quarantine";
interface Row extends Lease {
  readonly standing: Standing;
}

/** Whole lines, by address. `now` is in milliseconds since 1970. */
export function exportLeases(leases: Iterable<Lease>, format: LeaseFormat, now: number): readonly string[] {
  const rows = [...leases].sort(byAddress).map((lease): Row => ({ ...lease, standing: standingOf(lease, now) }));
  return FORMATS[format](rows, now);
}

const FORMATS: Readonly<Record<LeaseFormat, (rows: readonly Row[], now: number) => readonly string[]>> = {
  text: (rows, now) => [
    line("ADDRESS", "MAC", "STATE", "NAME", "UNTIL"),
    ...rows.map(({ address, mac, standing, hostname = "-", endsAt }) => line(address, mac, standing, hostname, until(endsAt, now))),
  ],
  json: (rows) => [JSON.stringify(rows.map(asJson), null, 1)],
  csv: (rows) => [
    "address,mac,state,hostname,ends,client_id",
    ...rows.map(({ address, mac, standing, hostname = "", endsAt, clientId = "" }) =>
      [address, mac, standing, hostname, endsAt === undefined ? "never" : time(endsAt), clientId].join(","),
    ),
  ],
  // dnsmasq(8), --dhcp-leasefile: when it ends, 0 for never; MAC; address; name; client-id.
  dnsmasq: (rows) =>
    rows
      .filter(({ standing }) => standing === "runs")
      .map(({ address, mac, hostname = "*", endsAt, clientId }) =>
        [seconds(endsAt) ?? 0, mac, address, hostname, clientId?.match(/../g)?.join(":") ?? "*"].join(" "),
      ),
  // Kea's memfile: state 0 is in use, 1 declined, 2 reclaimed after its end. Infinite is 2^32 - 1 seconds.
  kea: (rows, now) => [
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context",
    ...rows
      .filter(({ standing }) => standing !== "offered")
      .map(({ address, mac, standing, hostname = "", endsAt, clientId }) => {
        const lifetime = endsAt === undefined ? 0xffff_ffff : Math.max(0, Math.ceil((endsAt - now) / 1000));
        const hardware = standing === "in quarantine" ? "" : mac;
        const state = standing === "in quarantine" ? 1 : standing === "runs" ? 0 : 2;
        const expire = seconds(endsAt) ?? Math.floor(now / 1000) + 0xffff_ffff;
        return [address, hardware, clientId?.match(/../g)?.join(":") ?? "", lifetime, expire, 1, 0, 0, hostname, state, ""].join(",");
      }),
  ],
};

function standingOf({ state, endsAt = Infinity }: Lease, now: number): Standing {
  if (state === "released") return "given back";
  if (endsAt <= now) return "ended";
  if (state === "bound") return "runs";
  return state === "declined" ? "in quarantine" : "offered";
}

const asJson = ({ endsAt, state: _, ...rest }: Row): object => ({ ...rest, ...(endsAt !== undefined && { ends: time(endsAt) }) });

const line = (address: string, mac: string, standing: string, name: string, end: string): string =>
  `${address.padEnd(16)}${mac.padEnd(19)}${standing.padEnd(15)}${name.padEnd(24)} ${end}`;

function until(endsAt: number | undefined, now: number): string {
  if (endsAt === undefined) return "never ends";
  const minutes = Math.round(Math.abs(endsAt - now) / 60_000);
  return `${time(endsAt)} (${endsAt > now ? `in ${minutes} min` : `${minutes} min ago`})`;
}

const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
const seconds = (at: number | undefined): number | undefined => (at === undefined ? undefined : Math.floor(at / 1000));
const byAddress = (a: { readonly address: Ipv4 }, b: { readonly address: Ipv4 }): number => toNumber(a.address) - toNumber(b.address);
