/** The DNS server: UDP and TCP on one port, one resolver behind both. RFC 1035, RFC 7766. */
import { randomBytes } from "node:crypto";
import { type Ipv4, NOWHERE } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import { sparing } from "../sparing-journal.ts";
import { openUdp, type UdpPeer, type UdpSocket } from "../wire/udp.ts";
import { Forwarder } from "./forward.ts";
import type { Records } from "./records.ts";
import { type Resolver, resolver } from "./resolver.ts";
import { listenTcp, type TcpService } from "./tcp/service.ts";
import { exchanges } from "./upstream/service.ts";

export interface DnsOptions {
  readonly address: Ipv4;
  /** 53 unless said otherwise; 0 takes one that is free for both UDP and TCP. */
  readonly port?: number;
  /** What we know now (see recordsOf). Called for every question: make it anew when a lease changes, not here. */
  records(): Records;
  /** Whom we ask about everything else. Empty: nobody. */
  readonly upstream: readonly UdpPeer[];
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** `bytes` random bytes as lower-case hex. */
  readonly random?: (bytes: number) => string;
  /** Milliseconds that an upstream server has for an answer, and a TCP client for a message. */
  readonly patience?: { readonly upstream?: number; readonly client?: number };
}

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Bytes: hundreds of machines that ask in the same instant. */
const RECEIVE_BUFFER = 1 << 20;

/** Rejects when the port cannot be had. */
export async function startDns(options: DnsOptions): Promise<DnsServer> {
  const {
    address,
    port = 53,
    journal,
    records,
    now = Date.now,
    random = (bytes) => randomBytes(bytes).toString("hex"),
    patience = {},
  } = options;
  const complain = sparing(journal, now);
  const trouble = (text: string): void => complain({ from: "dns", level: "warning", text });

  const servers = options.upstream.filter((server) => server.address !== address || server.port !== port);
  if (servers.length < options.upstream.length)
    trouble(`upstream ${address} is this server itself and is not asked; correct cluster-desc.yml`);
  const over = exchanges(NOWHERE, (stranger) => trouble(`dropped an answer from ${stranger}, whom we did not ask`));
  const forwarder = new Forwarder({
    servers,
    over,
    now,
    randomId: () => Number.parseInt(random(2), 16),
    onTrouble: trouble,
    ...(patience.upstream !== undefined && { patience: patience.upstream }),
  });
  const resolve = resolver(records, servers.length > 0 ? forwarder : undefined, complain);
  const { udp, tcp } = await listen(address, port, resolve, (error) => trouble(error.message), patience.client);
  return {
    port: tcp.port,
    close: async () => {
      forwarder.close();
      over.close();
      await Promise.all([udp.close(), tcp.close()]);
    },
  };
}

type Listening = { readonly udp: UdpSocket; readonly tcp: TcpService };

/** A port free for UDP may be taken for TCP; when any will do, another is tried. */
async function listen(
  address: Ipv4,
  port: number,
  resolve: Resolver,
  onTrouble: (error: Error) => void,
  patience?: number,
): Promise<Listening> {
  for (let tries = port === 0 ? 10 : 1; ; tries--) {
    const udp: UdpSocket = await openUdp({ address, port, receiveBuffer: RECEIVE_BUFFER, onTrouble }, async (message, from) => {
      const answer = await resolve(message, from.address, "udp");
      if (answer) await udp.send(answer, from);
    });
    try {
      const handle = (message: Uint8Array, from: Ipv4): Promise<Uint8Array | undefined> => resolve(message, from, "tcp");
      const tcp = await listenTcp({ address, port: udp.address().port, handle, ...(patience !== undefined && { patience }) });
      return { udp, tcp };
    } catch (error) {
      await udp.close();
      if (tries <= 1) throw error;
    }
  }
}
