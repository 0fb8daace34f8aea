/** What an operating system and a role must offer. A new one is a folder in templates/ and a line in its registry. */
import type { Ipv4 } from "./address.ts";
import type { Architecture, Cluster, Machine, Os, OsName, RoleName } from "./cluster.ts";
import type { AddOnName } from "./kubernetes/addons.ts";
import type { Block, KubeObject } from "./kubernetes/manifest.ts";
import type { Workload } from "./layout.ts";
import type { PlanPiece, ResolvedPlan } from "./plan.ts";

/** One file that comes from outside into bsroot. */
export interface Artifact {
  /** Where it ends, relative to bsroot: "html/static/flatcar/amd64-usr/4593.2.5/version.txt". */
  readonly path: string;
  readonly url: string;
  readonly verify: Verify;
  /** Bytes, where it is known before it is fetched: of the file, or the archive it is taken out of. */
  readonly size?: number;
  /** Taken out of the downloaded .tar.gz instead of being it: the member's name. */
  readonly member?: string;
}

/** How we know that what is downloaded is right: the file, or the archive it is taken out of. sextant.lock pins the file's sha256 besides. */
export type Verify =
  | { readonly by: "sha256"; readonly sha256: string }
  /**
   * A detached OpenPGP signature beside the file, by a key known by its fingerprint (hex, no spaces). It does not say which release a file
   * belongs to; a file of hashes (`sums`) that must agree does.
   */
  | ({
      readonly by: "openpgp";
      readonly sums?: string;
      /** Its URL has the bytes of another release some day, so that they are asked for anew when everything is. */
      readonly moves?: true;
    } & Signed)
  /** A file of hashes that its publisher offers (SHA-256 or SHA-512): kubelet.sha256, SHA256SUMS. Guards what the publisher's site says itself. */
  | {
      readonly by: "sums";
      readonly sums: string;
      /** The file's name there, with as much of its path as tells it from others; the last part of its URL when absent. */
      readonly entry?: string;
      readonly signed?: Signed;
    }
  /** Nothing to check against on first sight: the lock file remembers it from then on. */
  | { readonly by: "first-use" };

/** URLs of a detached OpenPGP signature and of the key, and what the key must be. */
export interface Signed {
  readonly signature: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** A file that names further files, such as the list of a repository's packages: fetched first, read, and kept like any other. */
export interface Index {
  readonly artifact: Artifact;
  /** What these bytes name; the same bytes always name the same. Throws TypeError when they are no such list. */
  read(bytes: Uint8Array): Named;
}
export interface Named {
  readonly artifacts: readonly Artifact[];
  readonly indexes: readonly Index[];
}

/** How to learn the version that "current" means today. */
export interface VersionQuery {
  readonly url: string;
  /** Throws when the text has no version. */
  read(text: string): string;
  /** What the user can write, so that nobody has to be asked: "write coredns: below ...". */
  readonly wayOut?: string;
}

/** The live system that installs, as a boot loader needs it. Paths are below /static. */
export interface LiveBoot {
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly args: readonly string[];
}

/** What a boot-time template may depend on: the machine and how to reach us. */
export interface BootContext<O extends Os = Os> {
  readonly cluster: Cluster;
  readonly machine: Machine;
  readonly os: O;
  readonly server: Endpoints;
}
export interface Endpoints {
  readonly address: Ipv4;
  /** Plain, for boot files and stage one: "http://10.0.0.1". */
  readonly http: string;
  /** TLS by the appliance's CA, for secrets and reports: "https://10.0.0.1". */
  readonly https: string;
  /** The appliance's CA certificate, PEM. */
  readonly ca: string;
}

/** What install.sh needs beyond the context: which bytes go to the disk. */
export interface OsTarget<O extends Os = Os> {
  readonly name: OsName;
  /** How "current" is resolved; undefined when `os` already names its bytes exactly. */
  latest(os: O, architecture: Architecture): VersionQuery | undefined;
  artifacts(os: O, architecture: Architecture): readonly Artifact[];
  /** Where the artifacts are listed that only their source can list. */
  indexes?(os: O, architecture: Architecture): readonly Index[];
  live(context: BootContext<O>): LiveBoot;
  /** First configuration of the live system, served at /boot/<mac>.ign (or .ks, .cfg, or /boot/<mac>/user-data, as its kernel arguments have it); carries no secret. */
  stageOne?(context: BootContext<O>): string;
  /** The script the live system runs, served at /install/<mac>.sh; carries no secret. */
  installScript(context: BootContext<O>, facts: InstallFacts): string;
  /** What this system adds to every node's plan, beside what its roles say. */
  pieces?(context: BootContext<O>): PlanPiece;
  /** What the installed system reads on its first boot, or what its installer runs inside it at the end. */
  config(plan: ResolvedPlan): { readonly contentType: string; readonly body: string };
}

/** What only the server knows when it renders install.sh. */
export interface InstallFacts {
  /** manifest.json's entry of a file below html/static: the hash the script checks while it streams. */
  sha256(path: string): string;
  /** Bytes, from manifest.json. */
  size(path: string): number;
  /** Disks that Sextant has begun to write for this machine, by identity (see install.sh); they may be overwritten. */
  readonly ours: readonly string[];
  /** The operator asked for a re-install: whatever is on the chosen disk may go. */
  readonly mayWipe: boolean;
}

export interface Role {
  readonly name: RoleName;
  readonly summary: string;
  pieces(context: BootContext): PlanPiece;
}

/**
 * Something that is deployed into the cluster. Its manifests are made when the bsroot is built, and lie in it (see `layout.addons`). What it is
 * called, what it needs and what a description may set of it is its row in kubernetes/addons.ts.
 */
export interface AddOn {
  readonly name: AddOnName;
  /** Upstream's own manifests and charts: fetched, checked and locked like any file from outside. */
  artifacts?(context: AddOnContext): readonly Artifact[];
  /** One of the artifacts that helm makes the manifests of; `manifests` is then given what came out. */
  chart?(context: AddOnContext): ChartToRender;
  /** Everything that is applied, in order. `fetched` has the text of each of the artifacts by its path, and of a chart what it renders to. */
  manifests(context: AddOnContext, fetched: ReadonlyMap<string, string>): readonly KubeObject[];
  /** Images that its manifests name in a way that nobody but itself can find. */
  images?(context: AddOnContext, fetched: ReadonlyMap<string, string>): readonly string[];
  /** What must be well besides the workloads in its manifests. */
  workloads?(context: AddOnContext): readonly Workload[];
  /** Secrets that its manifests refer to. They lie below `layout.tls.addons`, which nobody is served. */
  secrets?(context: AddOnContext, find: SecretFinder): readonly KubeObject[];
}
export interface AddOnSetting {
  readonly summary: string;
  readonly otherwise: string;
  /** Throws TypeError with the way out. */
  read(text: string): string;
}
export interface AddOnContext {
  readonly cluster: Cluster;
  /** The cluster's release, exact. */
  readonly kubernetes: string;
  /** Every setting of the add-on, read. */
  readonly settings: Readonly<Record<string, string>>;
  readonly server: Pick<Endpoints, "address" | "http" | "https">;
}
export interface ChartToRender {
  /** Of the artifact that is the chart's archive. */
  readonly archive: string;
  readonly release: string;
  readonly namespace: string;
  readonly values: Block;
}
/** What only a bsroot's tls/ knows. */
export interface SecretFinder {
  /** The appliance's own certificate, PEM: no secret, but nobody knows it before tls/ is there. */
  readonly ca: string;
  /** The secret of one of `dns.keys`, in base64. */
  tsig(key: string): string;
  /** Who pods are at a registry, as docker's configuration keeps it: base64 of NAME:PASSWORD. */
  login(registry: string): string;
  /** A password of the add-on's own: made once, and kept in a file of this name. */
  password(name: string): string;
  /** An authority that the appliance's stands behind, for names in these domains and no others: made once, and kept. PEM. */
  issuer(name: string, domains: readonly string[]): { readonly certificate: string; readonly key: string; readonly ca: string };
}
