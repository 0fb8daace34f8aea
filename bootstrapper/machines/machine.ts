/** One machine's life as data: where it stands, which grant it holds, and everything that may move it on. */
import type { Ipv4, Mac } from "../../cluster/address.ts";

export const PHASES = [
  "discovered", // seen on the wire, not in the description
  "assigned", // in the description, never installed by us
  "granted", // may install; has not asked to boot yet
  "booting", // was told to boot the installer
  "installing", // install.sh runs
  "installed", // disk written, grant closed
  "configuring", // first boot from disk
  "ready",
  "failed", // `reason` says why
  "reinstall", // the operator wants it installed again: granted on its next boot
  "retired", // boots nothing from us
] as const;
export type Phase = (typeof PHASES)[number];

/** What the store keeps for each MAC. Times are milliseconds since 1970. */
export interface MachineState {
  readonly mac: Mac;
  readonly phase: Phase;
  /** When it entered the phase. */
  readonly since: number;
  /** Why it is where it is, in words for the operator. */
  readonly because: string;
  readonly grant?: Grant;
  /** Identity of each disk that install.sh said it begins to write, so that a second attempt may overwrite it. */
  readonly disks: readonly string[];
  readonly lastSeen: number;
  /** SHA-256 (hex) of the token with which the installed node reports; its plain value is only on the node. */
  readonly reportTokenHash?: string;
}

/** The permission to install, once. It is open while its machine boots and installs, until `expiresAt`; afterwards it only tells what happened. */
export interface Grant {
  readonly openedAt: number;
  readonly expiresAt: number;
  /** Network boots told to install under this grant; a power cut starts the next one. */
  readonly attempt: number;
  /** SHA-256 (hex) of the one-time token, once handed out in this attempt. */
  readonly tokenHash?: string;
  /** When the secrets left. They leave once. */
  readonly releasedAt?: number;
  /** The operator allowed whatever is on the disk to go (re-install). */
  readonly mayWipe: boolean;
}

/** What boots next, the same for every path that asks (DHCP boot file, iPXE, pxelinux, GRUB, HTTP). */
export type NextBoot =
  | { readonly do: "install"; readonly because: string }
  | { readonly do: "discover"; readonly because: string }
  | { readonly do: "local"; readonly because: string }
  | { readonly do: "nothing"; readonly because: string };

/**
 * How the description sees a machine. `pooled`: it is not listed, but every such machine becomes a worker without secrets (the 2016 form).
 * `unlisted`: it is shown, and left alone.
 */
export type Standing = "listed" | "pooled" | "unlisted";

export type MachineEvent =
  /** It spoke to us. `booting`: as firmware or boot loader, so that whatever it was doing before is over. */
  | { readonly type: "seen"; readonly booting: boolean }
  /** The boot script was served and it said install. */
  | { readonly type: "boot-script-served" }
  | { readonly type: "token-issued"; readonly tokenHash: string }
  | { readonly type: "secrets-released"; readonly reportTokenHash: string }
  | { readonly type: "reported"; readonly report: Report }
  /** The operator's words. */
  | { readonly type: "assign" }
  | { readonly type: "grant" }
  | { readonly type: "reinstall" }
  | { readonly type: "retire" };

/** What the install script and the node say of themselves. */
export type Report =
  | { readonly phase: "installing"; readonly disk: string }
  | { readonly phase: "installed" }
  | { readonly phase: "configuring" }
  | { readonly phase: "ready" }
  | { readonly phase: "failed"; readonly reason: string };

/** A machine as the world outside the lifecycle sees it. */
export interface MachineView extends MachineState {
  readonly name: string;
  readonly roles: readonly string[];
  readonly address?: Ipv4;
  readonly transfer?: Transfer;
}

/** What a machine is fetching from us right now. */
export interface Transfer {
  readonly file: string;
  /** Bytes. */
  readonly sent: number;
  readonly size: number;
}
