/** The way to the cluster's API: the administrator's certificate of the bsroot, and the addresses that control planes have now. */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { controlPlanes } from "../../cluster/queries.ts";
import { Opened } from "../opened.ts";
import { Api, ApiError, type ApiServer, type Credentials, type Patience } from "./api.ts";
import { credentialsOf } from "./credentials.ts";

export interface ConnectionOptions {
  cluster(): Cluster;
  /** The bytes of a file below tls/ of the bsroot. */
  readSecret(path: string): Promise<Uint8Array>;
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
  /** Whether a cluster that a control plane's API serves is the one that was founded. */
  isOurs(mac: Mac, cluster: string): boolean;
  /** 6443 unless said otherwise. */
  readonly port?: number;
  readonly patience?: Patience;
}

export interface Open {
  readonly api: Api;
  /** Of the cluster's CA, as kubeadm pins it: "sha256:..." */
  readonly caHash: string;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #opened: Opened<Open>;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#opened = new Opened(
      () => this.#made(),
      ({ api }) => api.close(),
    );
  }

  /** Rejects with ApiError when the bsroot does not have what it takes, or asks for no Kubernetes. */
  open(): Promise<Open> {
    return this.#opened.get();
  }

  /** Another bsroot is served: what was read of the old one counts no more. */
  renew(): void {
    this.#opened.giveUp();
  }

  servers(): readonly ApiServer[] {
    return controlPlanes(this.#options.cluster()).flatMap(({ mac, address = this.#options.addressOf(mac) }) =>
      address ? [{ mac, address }] : [],
    );
  }

  async #made(): Promise<Open> {
    const { cluster, readSecret, port, patience } = this.#options;
    if (cluster().kubernetes.version === undefined) throw new ApiError("cluster-desc.yml asks for no Kubernetes");
    const { clusterCa, superAdmin, superAdminKey } = layout.tls;
    const credentials = await credentialsOf(readSecret, { ca: clusterCa, cert: superAdmin, key: superAdminKey });
    return {
      api: new Api({
        servers: () => this.servers(),
        isOurs: this.#options.isOurs,
        credentials,
        ...(port !== undefined && { port }),
        ...(patience !== undefined && { patience }),
      }),
      caHash: hashOfCa(credentials),
    };
  }
}

/** RFC 7469 §2.4: the hash of what identifies the key, so that a renewed certificate has the same. */
function hashOfCa({ ca, cert, key }: Credentials): string {
  try {
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error(`${layout.tls.superAdmin} does not belong to ${layout.tls.superAdminKey}`);
    const spki = new X509Certificate(ca).publicKey.export({ type: "spki", format: "der" });
    return `sha256:${createHash("sha256").update(spki).digest("hex")}`;
  } catch (error) {
    throw new ApiError(`the cluster's certificates in tls/kubernetes are of no use: ${(error as Error).message}; build the bsroot again`);
  }
}
