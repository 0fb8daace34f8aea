/** What every server under measurement has in common. */
import type { Lab } from "../lab.ts";
import type { Running } from "../processes.ts";

export type Protocol = "dhcp" | "tftp" | "dns";

export interface Server {
  readonly name: string;
  readonly serves: readonly Protocol[];
  /** Resolves when it answers. */
  start(lab: Lab, protocol: Protocol, work: Work): Promise<Running>;
}

export interface Work {
  /** Absolute; what the bootstrapper serves. */
  readonly bsroot: string;
  /** The files that TFTP serves: a folder of the bsroot. */
  readonly tftp: string;
  /** Names of the cluster's domain and the addresses they have. */
  readonly names: readonly Name[];
}

export interface Name {
  /** Without its last dot. */
  readonly name: string;
  readonly address: string;
}

export const DOMAIN = "bench.lan";
/** UDP. */
export const PORTS: Record<Protocol, number> = { dhcp: 67, tftp: 69, dns: 53 };
export const BOOT_FILE = "snponly.efi";
/** Seconds. */
export const LEASE = 3600;
