/** Where the bench keeps what it makes: on the disk, because leases are to be measured on one. */
import { join } from "node:path";

export const CACHE = join(import.meta.dirname, ".cache");
