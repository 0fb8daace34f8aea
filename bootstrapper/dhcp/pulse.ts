/** Whether the server hears: now and then it is sent a packet of nobody's, over the network as anybody's would be, and waits for it. */
import { type Ipv4, type Mac, NOWHERE } from "../../cluster/address.ts";
import type { openUdp, UdpSocket } from "../wire/udp.ts";
import { encodePacket } from "./packet.ts";

export interface Pulse {
  /** Whose packets these are: they need no answer. */
  readonly mac: Mac;
  heard(address: Ipv4): void;
  /** Our addresses that heard nothing of the last two. */
  deaf(): readonly Ipv4[];
  close(): Promise<void>;
}

const EVERY = 10_000;
/** Locally administered, and of no card's maker. */
const NOBODY = "02:53:58:00:00:01" as Mac;

/** `addresses`: where we listen now. Throws UdpError. */
export async function openPulse(
  open: typeof openUdp,
  addresses: () => readonly Ipv4[],
  port: number,
  every: number = EVERY,
): Promise<Pulse> {
  const socket: UdpSocket = await open({ address: NOWHERE, port: 0 }, () => {});
  const missed = new Map<Ipv4, number>();
  const bytes = encodePacket({
    op: "request",
    hardwareType: 1,
    hops: 0,
    transaction: 0,
    seconds: 0,
    broadcast: false,
    clientAddress: NOWHERE,
    yourAddress: NOWHERE,
    serverAddress: NOWHERE,
    relayAddress: NOWHERE,
    mac: NOBODY,
    serverName: "",
    bootFile: "",
    options: {},
    oddities: [],
  });
  const beat = (): void => {
    const now = addresses();
    for (const address of missed.keys()) if (!now.includes(address)) missed.delete(address);
    for (const address of now) {
      missed.set(address, (missed.get(address) ?? 0) + 1);
      socket.post(bytes, { address, port });
    }
  };
  const timer = setInterval(beat, every).unref();
  return {
    mac: NOBODY,
    heard: (address) => void missed.delete(address),
    deaf: () => [...missed].filter(([, count]) => count > 2).map(([address]) => address),
    close: async () => {
      clearInterval(timer);
      await socket.close();
    },
  };
}
