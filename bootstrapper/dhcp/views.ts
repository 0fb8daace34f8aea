/** The lease book as the rest of the bootstrapper sees it. */
import { type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import { type Book, hasEnded, type Lease } from "./leases.ts";
import { nameOf, type Site } from "./site.ts";

export interface LeaseView {
  readonly mac: Mac;
  readonly address: Ipv4;
  /** The description's name, or the one an unlisted machine may call itself. */
  readonly hostname?: string;
  /** Milliseconds since 1970; absent for an infinite lease. */
  readonly expiresAt?: number;
}

export interface LeaseViews {
  /** Leases that run, in no order. */
  leases(): readonly LeaseView[];
  /** The lease of an address, if it runs. */
  leaseAt(address: Ipv4): LeaseView | undefined;
  /** Whose the address is now: by reservation, or by a lease that runs. */
  holder(address: Ipv4): Mac | undefined;
  /** Where a machine is: its reservation, or a lease that runs. */
  addressOf(mac: Mac): Ipv4 | undefined;
  /** Where the machine of that host name is: a listed one, or one that calls itself so. */
  addressNamed(hostname: string): Ipv4 | undefined;
}

export function viewsOf(site: Site, book: Book, now: () => number): LeaseViews {
  const byName = new Map([...site.machines.values()].map(({ name, mac }) => [name, mac]));
  const running = (lease: Lease | undefined): lease is Lease => lease?.state === "bound" && !hasEnded(lease, now());
  const addressOf = (mac: Mac): Ipv4 | undefined => {
    const lease = book.byAddress.get(book.byMac.get(mac) ?? NOWHERE);
    return site.addresses.reservations.get(mac) ?? (running(lease) ? lease.address : undefined);
  };
  const view = (lease: Lease): LeaseView => {
    const hostname = nameOf(site, lease.mac) ?? lease.hostname;
    const ends = lease.endsAt === undefined ? {} : { expiresAt: lease.endsAt };
    return { mac: lease.mac, address: lease.address, ...(hostname && { hostname }), ...ends };
  };
  return {
    leases: () => [...book.byAddress.values()].filter(running).map(view),
    leaseAt: (address) => {
      const lease = book.byAddress.get(address);
      return running(lease) ? view(lease) : undefined;
    },
    holder: (address) => {
      const lease = book.byAddress.get(address);
      return book.reserved.get(address) ?? (running(lease) ? lease.mac : undefined);
    },
    addressOf,
    addressNamed: (hostname) => {
      const mac = byName.get(hostname);
      const lease = book.byAddress.get(book.byName.get(hostname) ?? NOWHERE);
      return mac ? addressOf(mac) : running(lease) ? lease.address : undefined;
    },
  };
}
