/** `bootstrapper leases`: the lease book of a state folder, also while a server writes to it. */
import { exportLeases, type LeaseFormat } from "./dhcp/export.ts";
import type { Lease } from "./dhcp/leases.ts";
import type { Printer } from "./printer.ts";
import { readTables } from "./store/file-store.ts";

/** Lines that may wait for whoever reads them. */
const LINES = 1000;

/** Throws StoreError when there is no state, or a damaged one. */
export async function listLeases(folder: string, format: LeaseFormat, now: number, out: Printer): Promise<void> {
  const leases = (await readTables(folder)).get("leases") ?? new Map<string, Lease>();
  for (const [index, line] of exportLeases(leases.values() as Iterable<Lease>, format, now).entries()) {
    out.print(line);
    if (index % LINES === 0) await out.flush(); // a printer drops what waits for too long
  }
}
