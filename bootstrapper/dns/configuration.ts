/** What the DNS server works by, made from a description and the secrets beside it. */
import type { Ipv4 } from "../../cluster/address.ts";
import type { TsigKey } from "../../cluster/cluster.ts";
import { layout } from "../../cluster/layout.ts";
import type { UdpPeer } from "../wire/udp.ts";
import type { Configuration } from "./parts.ts";
import { readKey } from "./tsig/key-file.ts";
import type { Key } from "./tsig/tsig.ts";
import { type Description, zonesOf } from "./zone/zones.ts";

export interface Means {
  readonly self: UdpPeer;
  readonly at?: ((server: Ipv4) => UdpPeer) | undefined;
  /** Whether a key that cannot be read is an error, or a warning and a key less. */
  readonly keys: "all" | "those that can be read";
  readSecret(path: string): Promise<Uint8Array>;
  warn(text: string): void;
}

const DNS_PORT = 53;

/** Rejects with what is wrong with a key, when all are wanted. */
export async function configure(description: Description, { self, at, keys, readSecret, warn }: Means): Promise<Configuration> {
  const { dns, network } = description;
  const read = await Promise.all(dns.keys.map((key) => keyOf(key, readSecret).catch((error: Error) => error)));
  const broken = read.filter((one) => one instanceof Error);
  if (broken.length > 0 && keys === "all") throw broken[0];
  for (const { message } of broken) warn(`${message}; until then nobody can write or copy the zone with that key`);

  const zones = zonesOf(description);
  const peer = at ?? ((address: Ipv4): UdpPeer => ({ address, port: DNS_PORT }));
  const isSelf = (one: UdpPeer): boolean => one.address === self.address && one.port === self.port;
  const upstream = network.upstream.map(peer);
  if (upstream.some(isSelf)) warn(`upstream ${self.address} is this server itself and is not asked; correct cluster-desc.yml`);
  return {
    zones,
    keys: new Map(read.flatMap((one) => (one instanceof Error ? [] : [[one.name.toLowerCase(), one] as const]))),
    upstream: upstream.filter((one) => !isSelf(one)),
    at: peer,
  };
}

async function keyOf(key: TsigKey, readSecret: (path: string) => Promise<Uint8Array>): Promise<Key> {
  const path = layout.tls.tsigKey(key.name);
  return readKey(Buffer.from(await readSecret(path)).toString("utf8"), key, path);
}
