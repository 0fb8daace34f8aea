/** One address of ours on UDP and TCP. What can be answered at once is, without a promise on the way. */
import type { Ipv4 } from "../../../cluster/address.ts";
import { openUdp, type UdpSocket } from "../../wire/udp.ts";
import type { Clients } from "../clients.ts";
import type { PacketCache } from "../packet-cache.ts";
import type { Answer } from "../parts.ts";
import type { Resolver } from "../resolver.ts";
import { listenTcp, type TcpService } from "../tcp/service.ts";

export interface Serving {
  readonly resolver: Resolver;
  readonly clients: Clients;
  readonly packets: PacketCache;
  readonly now: () => number;
  onTrouble(text: string): void;
  /** Milliseconds for a TCP client to send a message. */
  readonly patience?: number | undefined;
}

export interface Listening {
  readonly port: number;
  answered(): number;
  close(): Promise<void>;
}

/** Bytes: hundreds of machines that ask in the same instant. */
const RECEIVE_BUFFER = 4 << 20;

/** A port free for UDP may be taken for TCP; when any will do, another is tried. Rejects when the port cannot be had. */
export async function listen(address: Ipv4, port: number, serving: Serving): Promise<Listening> {
  let answered = 0;
  for (let tries = port === 0 ? 10 : 1; ; tries--) {
    const udp = await openUdpPort(address, port, serving);
    try {
      const tcp = await openTcpPort(address, udp.address().port, serving, () => {
        answered += 1;
      });
      return {
        port: tcp.port,
        answered: () => answered + udp.counts().sent,
        close: async () => {
          await Promise.all([udp.close(), tcp.close()]);
        },
      };
    } catch (error) {
      await udp.close();
      if (tries <= 1) throw error;
    }
  }
}

async function openUdpPort(address: Ipv4, port: number, { resolver, clients, packets, now, onTrouble }: Serving): Promise<UdpSocket> {
  const options = { address, port, receiveBuffer: RECEIVE_BUFFER, onTrouble: (error: Error) => onTrouble(error.message) };
  const socket: UdpSocket = await openUdp(options, (bytes, from) => {
    const message = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const finished = clients.isOurs(from.address) ? packets.find(message, now()) : undefined;
    if (finished) return socket.post(finished, from);
    const answer = resolver.resolve(message, from.address, "udp");
    if (answer instanceof Promise) return answer.then((late) => send(late, from));
    return send(answer, from);
  });
  const send = (answer: Answer, to: Parameters<UdpSocket["post"]>[1]): void => {
    if (Buffer.isBuffer(answer)) socket.post(answer, to);
  };
  return socket;
}

function openTcpPort(address: Ipv4, port: number, { resolver, patience }: Serving, onAnswer: () => void): Promise<TcpService> {
  const handle = (message: Buffer, from: Ipv4): Answer | Promise<Answer> => {
    onAnswer();
    return resolver.resolve(message, from, "tcp");
  };
  return listenTcp({ address, port, handle, ...(patience !== undefined && { patience }) });
}
