/** NodePlan: what a machine is to become, before any operating system spells it. */
import type { Cluster, Machine } from "./cluster.ts";

export interface NodePlan {
  readonly cluster: Cluster;
  readonly machine: Machine;
  readonly users: readonly User[];
  readonly files: readonly PlanFile[];
  readonly units: readonly Unit[];
  /** Units that must be active before the node calls itself Ready. */
  readonly readyWhen: readonly string[];
}

/** What one role contributes; `mergePieces` makes a NodePlan of several. */
export interface PlanPiece extends Partial<Pick<NodePlan, "users" | "files" | "units" | "readyWhen">> {
  /** Who contributes it, for messages: "role worker". */
  readonly from?: string;
}

export { mergePieces } from "./merge-pieces.ts";

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly sshKeys: readonly string[];
}

export interface PlanFile {
  /** Absolute. */
  readonly path: string;
  /** 0o644 and the like. */
  readonly mode: number;
  readonly content: Content;
}

/** What most files of a plan are: text that everybody may read. */
export const textFile = (path: string, text: string, mode = 0o644): PlanFile => ({ path, mode, content: { text } });

export type Content =
  | { readonly text: string }
  /** Released by the bootstrapper, once, inside an open grant. Until then it has no value anywhere in a plan. */
  | { readonly secret: Secret }
  /** A path below /static: fetched on the node, and checked against the hash that the manifest has of it. */
  | { readonly path: string };

export type Secret =
  /** A file below bsroot/tls (see `layout.tls`): a key, or a certificate that belongs to one machine. */
  | { readonly tls: string }
  /** Made for this grant: what the node shows when it reports its phases. */
  | { readonly grant: "report-token" };

export interface Unit {
  /** "sextant-ready.service" */
  readonly name: string;
  readonly enabled: boolean;
  /** The whole unit; absent for a unit the image already has. */
  readonly contents?: string;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
}

/** A plan whose secrets have been looked up: what an OS target turns into Ignition or a kickstart. */
export interface ResolvedPlan extends Omit<NodePlan, "files"> {
  readonly files: readonly ResolvedFile[];
}
export interface ResolvedFile {
  readonly path: string;
  readonly mode: number;
  readonly content: { readonly bytes: Uint8Array } | { readonly url: string; readonly sha256: string };
}
