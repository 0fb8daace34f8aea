/** Every path inside bsroot, named once. All are relative, so a bsroot works wherever it is copied. */
import { dashed, type Mac } from "./address.ts";

export const layout = {
  manifest: "manifest.json",
  description: "config/cluster-desc.yml",
  lock: "config/sextant.lock",
  /** The builder's own notes: in no manifest and of no use to the server. */
  build: ".build",
  /** Served by TFTP as its root. */
  tftp: "tftpboot",
  /** Served over HTTP as /static. */
  static: "html/static",
  /** Manifests of the cluster's add-ons, and `index.json`, which says in which order they are applied. */
  addons: "html/static/addons",
  /** Container images: the storage of a distribution registry. */
  registry: "registry",
  /** What the server is started from. */
  server: {
    /** The bootstrapper's image as docker-archive, by the server's architecture. */
    images: { amd64: "bootstrapper.tar", arm64: "bootstrapper-arm64.tar" },
    /** Programs and packages, for a server that has node and no containers. */
    program: "bootstrapper-program.tar.gz",
    /** What each of them is made of: CycloneDX. */
    bill: (file: string) => `sbom/${file.replace(/\.tar(\.gz)?$/, "")}.cdx.json`,
    check: "check_server.sh",
    startContainer: "start_bootstrapper_container.sh",
    startService: "start_bootstrapper_service.sh",
    unit: "sextant-bootstrapper.service",
  },
  tls: {
    folder: "tls",
    /** After a rotation followed by the one before, so that who is given this file believes both. */
    ca: "tls/ca.pem",
    caKey: "tls/ca-key.pem",
    /** The CA that `ca` took the place of. */
    caBefore: "tls/ca-before.pem",
    caBeforeKey: "tls/ca-before-key.pem",
    /** The key of `ca` in a certificate by the one before: stands behind each that it signs, so that who knows only that one believes it. */
    caBridge: "tls/ca-bridge.pem",
    bootstrapper: "tls/bootstrapper.crt",
    bootstrapperKey: "tls/bootstrapper.key",
    apiToken: "tls/api-token",
    clusterCa: "tls/kubernetes/ca.crt",
    clusterCaKey: "tls/kubernetes/ca.key",
    frontProxyCa: "tls/kubernetes/front-proxy-ca.crt",
    frontProxyCaKey: "tls/kubernetes/front-proxy-ca.key",
    etcdCa: "tls/kubernetes/etcd/ca.crt",
    etcdCaKey: "tls/kubernetes/etcd/ca.key",
    /** As of the appliance's CA, after a rotation. */
    etcdCaBefore: "tls/kubernetes/etcd/ca-before.crt",
    etcdCaBeforeKey: "tls/kubernetes/etcd/ca-before.key",
    etcdCaBridge: "tls/kubernetes/etcd/ca-bridge.crt",
    /** The pair that service accounts' tokens are signed with. */
    serviceAccount: "tls/kubernetes/sa.pub",
    serviceAccountKey: "tls/kubernetes/sa.key",
    /** What the API servers show to an etcd that has machines of its own. */
    etcdClient: "tls/kubernetes/apiserver-etcd-client.crt",
    etcdClientKey: "tls/kubernetes/apiserver-etcd-client.key",
    /** The administrator's, for kubectl. */
    admin: "tls/kubernetes/admin.crt",
    adminKey: "tls/kubernetes/admin.key",
    /** The bootstrapper's own: no rule of the cluster stops it, so it stays on the server. */
    superAdmin: "tls/kubernetes/super-admin.crt",
    superAdminKey: "tls/kubernetes/super-admin.key",
    /** EncryptionConfiguration of the API servers, with its key. */
    encryption: "tls/kubernetes/encryption.yaml",
    /** Of a member of etcd that has the machine to itself: it serves clients and speaks to its peers with it. */
    etcdMember: (mac: Mac) => `tls/machines/${dashed(mac)}-etcd.crt`,
    etcdMemberKey: (mac: Mac) => `tls/machines/${dashed(mac)}-etcd.key`,
    machine: (mac: Mac) => `tls/machines/${dashed(mac)}.crt`,
    machineKey: (mac: Mac) => `tls/machines/${dashed(mac)}.key`,
    /** Secrets of the cluster's add-ons: manifests, and the passwords in them. */
    addons: "tls/addons",
    /** A TSIG key as `nsupdate -k` and named read it. */
    tsigKey: (name: string) => `tls/dns/${name}.key`,
  },
  /**
   * Boot loaders by what DHCP option 93 says; the same names over TFTP and below /static/boot. A bsroot may lack some (the builder knows
   * no source for them) and an operator may put any of them there: a machine whose loader is not there is told so in the journal.
   */
  loaders: {
    bios: "undionly.kpxe",
    "uefi-amd64": "snponly-amd64.efi",
    "uefi-amd64-http": "ipxe-amd64.efi",
    "uefi-arm64": "ipxe-arm64.efi",
    "uefi-ia32": "snponly-ia32.efi",
    "uefi-ia32-http": "ipxe-ia32.efi",
    "uefi-arm32": "ipxe-arm32.efi",
    "uefi-riscv64": "ipxe-riscv64.efi",
    "uefi-loong64": "ipxe-loong64.efi",
    // A shim loads its second stage from its own folder, so each has one to itself.
    "secure-boot-amd64": "secure-boot/amd64/shim.efi",
    "secure-boot-amd64-http": "secure-boot/amd64-http/shim.efi",
    "secure-boot-arm64": "secure-boot/arm64/shim.efi",
    "secure-boot-arm64-http": "secure-boot/arm64-http/shim.efi",
  },
} as const;

/** What a loader is for: "uefi-amd64". */
export type LoaderName = keyof typeof layout.loaders;

/** manifest.json: every file of a bsroot but itself, in the order of their paths. */
export interface Manifest {
  readonly version: 1;
  readonly cluster: string;
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: string; readonly secret?: true }[];
}

/** index.json of the add-ons, in the order in which they are applied. */
export interface AddOnIndex {
  readonly version: 1;
  readonly addons: readonly AppliedAddOn[];
}
export interface AppliedAddOn {
  readonly name: string;
  /**
   * YAML documents, applied in their order: below `layout.addons`, or, with `secret`, below `layout.tls.addons`. The first file may define
   * kinds that the next ones have objects of.
   */
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly secret?: true }[];
  /** It is well when all of these are; only then is the next one applied. */
  readonly workloads: readonly Workload[];
  /** Every image that it makes nodes pull, by whole name: the bsroot must have them. */
  readonly images?: readonly string[];
}
export interface Workload {
  readonly kind: "Deployment" | "DaemonSet" | "StatefulSet" | "Job";
  readonly namespace: string;
  readonly name: string;
}

/** sextant.lock: what was resolved online, so that a second build makes the same list. */
export interface Lock {
  readonly version: 1;
  /** "flatcar/stable/amd64" -> "4593.2.5" */
  readonly versions: Readonly<Record<string, string>>;
  /** "docker.io/library/nginx:1.27" -> "sha256:..." */
  readonly images: Readonly<Record<string, string>>;
  /** By Artifact.path. */
  readonly artifacts: Readonly<Record<string, LockedArtifact>>;
}
export interface LockedArtifact {
  readonly url: string;
  readonly size: number;
  readonly sha256: string;
  /** "openpgp F88C..." | "sha256" | "sums https://..." | "first-use" */
  readonly verified: string;
}
