/** The certificates that are watched: those of the bsroot, and those that machines show, which keep what they were installed with whatever the bsroot has by now. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Cluster, Machine } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import { etcdMembers } from "../../cluster/queries.ts";
import type { Seen } from "./api.ts";
import { isStacked } from "./circumstances.ts";
import type { EtcdGateway } from "./etcd-gateway.ts";
import type { Certificate } from "./health.ts";

export interface CertificatesSettings {
  cluster(): Cluster;
  /** By lease or reservation. */
  addressOf(mac: Mac): Ipv4 | undefined;
  /** When a certificate below tls/ ends; undefined when there is none. Never rejects. */
  endOf(path: string): Promise<number | undefined>;
  /** Rejects when the bsroot does not have what it takes. */
  etcd(): Promise<EtcdGateway>;
  now(): number;
}

const WATCHED = [
  layout.tls.clusterCa,
  layout.tls.frontProxyCa,
  layout.tls.etcdCa,
  layout.tls.etcdClient,
  layout.tls.admin,
  layout.tls.superAdmin,
  layout.tls.bootstrapper,
];
/** Milliseconds between two questions to a member of etcd: who does not answer holds up a look. */
const EVERY = 600_000;

export class Certificates {
  readonly #settings: CertificatesSettings;
  /** As each member of etcd showed it last: one whose certificate has ended shows nothing any more. */
  readonly #ofMembers = new Map<Mac, number>();
  #asked = Number.NEGATIVE_INFINITY;

  constructor(settings: CertificatesSettings) {
    this.#settings = settings;
  }

  /** Never rejects. `servers`: as they were seen just now. */
  async look(servers: readonly Seen[]): Promise<readonly Certificate[]> {
    return [...(await this.#ofBsroot()), ...servers.flatMap(ofServer), ...(await this.#ofEtcd())];
  }

  async #ofBsroot(): Promise<readonly Certificate[]> {
    const all = await Promise.all(WATCHED.map(async (what) => ({ what, ends: await this.#settings.endOf(what) })));
    return all.flatMap(({ what, ends }) => (ends === undefined ? [] : [{ what, ends, wayOut: RENEW }]));
  }

  async #ofEtcd(): Promise<readonly Certificate[]> {
    const { cluster, now } = this.#settings;
    const members = etcdMembers(cluster());
    if (Math.abs(now() - this.#asked) >= EVERY) {
      this.#asked = now();
      await this.#ask(members).catch(() => undefined); // who needs what is missing says so
    }
    const again = isStacked(cluster()) ? bySigningThere : byBuilding;
    return members.flatMap(({ mac, name }) => {
      const ends = this.#ofMembers.get(mac);
      return ends === undefined ? [] : [{ what: `the certificate of ${name} as a member of etcd`, mac, ends, wayOut: again(name) }];
    });
  }

  async #ask(members: readonly Machine[]): Promise<void> {
    const etcd = await this.#settings.etcd();
    await Promise.all(
      members.map(async ({ mac, address = this.#settings.addressOf(mac) }) => {
        if (address === undefined) return;
        await etcd.status(address).catch(() => undefined); // what it shows counts, not what it answers
        const ends = etcd.endOf(address);
        if (ends !== undefined) this.#ofMembers.set(mac, ends);
      }),
    );
  }
}

const RENEW = "renew it";

const ofServer = ({ mac, address, ends }: Seen): readonly Certificate[] =>
  ends === undefined ? [] : [{ what: `the certificate of the API server at ${address}`, mac, ends, wayOut: RENEW }];

/** kubeadm makes it on the machine. */
const bySigningThere = (name: string): string => `install the machine again (bootstrapper cluster reinstall ${name})`;
const byBuilding = (name: string): string =>
  `build the bsroot again, then install ${name} with the machine's own reinstall, one member after the other`;
