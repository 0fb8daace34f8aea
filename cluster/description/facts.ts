/** What a description states, each value with its path, whichever form it is written in and however incomplete: the input of every check. */
import type { Ipv4, Mac, Range, Subnet } from "../address.ts";
import type { DnsRecord, RoleName, Source } from "../cluster.ts";
import type { Level } from "../dhcp-options.ts";
import type { AddOnFacts } from "./checks/addons.ts";
import type { ExtraFacts } from "./checks/extras.ts";
import type { GpuFacts } from "./checks/gpus.ts";
import type { HighAvailabilityFacts } from "./checks/high-availability.ts";
import type { PullSecretFacts } from "./checks/pull-secrets.ts";
import type { ReleaseFacts } from "./checks/releases.ts";
import type { WrittenOption } from "./options-form.ts";
import { formatPath, type Path } from "./problem.ts";
import type { Gaps } from "./salvage.ts";

export interface Stated<T> {
  readonly value: T;
  readonly path: Path;
}

export interface Facts {
  readonly domain?: Stated<string> | undefined;
  readonly bootstrapperName?: Stated<string> | undefined;
  /** The machines' network, then the further ones. */
  readonly networks: readonly [NetworkFacts, ...NetworkFacts[]];
  readonly interfaces: readonly Stated<string>[];
  readonly options: readonly OptionsFacts[];
  readonly upstream: readonly Stated<Ipv4>[];
  readonly dhcp?: "serve" | "proxy" | undefined;
  readonly dns?: DnsFacts | undefined;
  readonly podSubnet?: Stated<Subnet> | undefined;
  readonly serviceSubnet?: Stated<Subnet> | undefined;
  readonly dnsDomain?: Stated<string> | undefined;
  readonly dnsAddress?: Stated<Ipv4> | undefined;
  /** Absent in a form that has no field for them. */
  readonly releases?: ReleaseFacts;
  readonly addOns?: AddOnFacts;
  readonly pullSecrets?: readonly PullSecretFacts[];
  /** Absent in a form that has no field for them. */
  readonly kubernetes?: HighAvailabilityFacts;
  readonly extraPaths?: ExtraFacts["extraPaths"];
  readonly gpus?: readonly GpuFacts[];
  readonly sshKeys: readonly Stated<string>[];
  readonly sshKeysPath: Path;
  readonly disks: readonly Stated<{ readonly minSize?: number | undefined; readonly maxSize?: number | undefined }>[];
  readonly sources: readonly Stated<Source>[];
  readonly machines: readonly MachineFacts[];
  readonly machinesPath: Path;
  /** How this form says that a machine is a control plane. */
  readonly controlPlaneSpelling: string;
  /** 2016-form files keep fixed addresses, routers and the server inside the range, and dnsmasq stepped around them. */
  readonly rangeMayHoldOthers: boolean;
  readonly gaps: Gaps;
}

export interface NetworkFacts {
  readonly path: Path;
  readonly subnet?: Stated<Subnet> | undefined;
  /** Our own address in it. */
  readonly bootstrapper?: Stated<Ipv4> | undefined;
  readonly routers: readonly Stated<Ipv4>[];
  readonly nameServers: readonly Stated<Ipv4>[];
  readonly ranges: readonly Stated<Range>[];
  /** Where a range would be written. */
  readonly rangePath: Path;
}

export interface OptionsFacts {
  readonly level: Level;
  readonly written: readonly WrittenOption[];
  readonly path: Path;
}

export interface DnsFacts {
  /** Their names as they were written. */
  readonly records: readonly Stated<DnsRecord>[];
  readonly forward: readonly { readonly zone?: Stated<string> | undefined; readonly servers: readonly Stated<Ipv4>[] }[];
  /** The names of the TSIG keys. */
  readonly keys: readonly Stated<string>[];
  readonly api?: Stated<string> | undefined;
  readonly ingress?: Stated<string> | undefined;
}

export interface MachineFacts {
  readonly path: Path;
  readonly mac?: Stated<Mac> | undefined;
  readonly name?: Stated<string> | undefined;
  readonly address?: Stated<Ipv4> | undefined;
  readonly addressPath: Path;
  /** Absent when they could not be read. */
  readonly roles?: readonly RoleName[] | undefined;
}

/** Whether what stands at `path` is only there instead of something that could not be read. */
export const isLost = ({ gaps }: Pick<Facts, "gaps">, path: Path): boolean =>
  Array.from({ length: path.length + 1 }, (_, length) => path.slice(0, length)).some((part) => gaps.lost.has(formatPath(part)));

/** Whether a field of the block at `path` seems to be missing only because its name is misspelt. */
export const isUnclear = ({ gaps }: Facts, path: Path): boolean => gaps.unclear.has(formatPath(path));

/** A value with its path, or nothing when the description does not state it. */
export function stated<T>(value: T | undefined, ...path: (string | number)[]): Stated<T> | undefined {
  return value === undefined ? undefined : { value, path };
}

/** Each item of a list with its own path. */
export function eachStated<T>(values: readonly (T | undefined)[] | undefined, ...path: (string | number)[]): readonly Stated<T>[] {
  return (values ?? []).flatMap((value, index) => (value === undefined ? [] : [{ value, path: [...path, index] }]));
}
