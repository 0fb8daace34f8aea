/** One question to one upstream server: over UDP from a port of its own, over TCP where UDP is too small. RFC 5452 §9, RFC 7766. */
import { connect } from "node:net";
import type { Ipv4 } from "../../../cluster/address.ts";
import { openUdp } from "../../wire/udp.ts";
import { Frames, framed } from "../tcp/frames.ts";
import type { Exchange } from "./forwarder.ts";
import type { Response } from "./relay.ts";

export interface Exchanges {
  readonly udp: Exchange;
  readonly tcp: Exchange;
  /** Nobody waits any longer. */
  close(): void;
}

/** Questions leave from `local`; `onStranger` hears of answers from whom nobody asked. */
export function exchanges(local: Ipv4, onStranger: (address: Ipv4) => void): Exchanges {
  const open = new Set<Wait>();

  /** Settled once: by an answer, by the end of patience, or when all is over. */
  function waiting(patience: number): Wait {
    let resolve: (response: Response | undefined) => void = () => {};
    const answered = new Promise<Response | undefined>((give) => {
      resolve = give;
    });
    const timer = setTimeout(() => resolve(undefined), patience);
    const wait: Wait = {
      answered,
      settle: (response) => {
        clearTimeout(timer);
        open.delete(wait);
        resolve(response);
      },
    };
    open.add(wait);
    return wait;
  }

  /** The kernel takes a fresh port for every question (RFC 5452 §9.2); only the asked server may answer there. */
  const udp: Exchange = async (server, bytes, fits, patience) => {
    const wait = waiting(patience);
    const socket = await openUdp({ address: local, port: 0 }, (answer, from) => {
      if (from.address !== server.address || from.port !== server.port) return onStranger(from.address);
      const response = fits(answer);
      if (response) wait.settle(response === "no use" ? undefined : response);
    });
    if (await socket.send(bytes, server)) wait.settle(undefined); // no route: the next server's turn
    const response = await wait.answered;
    wait.settle(undefined);
    await socket.close();
    return response;
  };

  const tcp: Exchange = async (server, bytes, fits, patience) => {
    const wait = waiting(patience);
    const frames = new Frames(0xffff);
    const socket = connect({ host: server.address, port: server.port }, () => socket.write(framed(bytes)));
    socket.on("error", () => wait.settle(undefined)).on("close", () => wait.settle(undefined));
    socket.on("data", (part) => {
      const answers = frames.take(part);
      if (!answers) wait.settle(undefined);
      for (const answer of answers ?? []) {
        const response = fits(answer);
        wait.settle(response === "no use" ? undefined : response);
      }
    });
    const response = await wait.answered;
    wait.settle(undefined);
    socket.destroy();
    return response;
  };

  return {
    udp,
    tcp,
    close: () => {
      for (const wait of open) wait.settle(undefined);
    },
  };
}

interface Wait {
  readonly answered: Promise<Response | undefined>;
  settle(response: Response | undefined): void;
}
