/** One question to one upstream server: over UDP from a port of its own, over TCP where UDP is too small. RFC 5452 §9, RFC 7766. */
import { connect } from "node:net";
import type { Ipv4 } from "../../../cluster/address.ts";
import { openUdp } from "../../wire/udp.ts";
import type { Exchange } from "../forward.ts";
import type { Response } from "../relay.ts";
import { Frames, framed } from "../tcp/frames.ts";

/** The kernel takes a fresh port for every question (RFC 5452 §9.2); only the asked server may answer there. */
export const overUdp =
  (local: Ipv4, onStranger: (address: Ipv4) => void): Exchange =>
  async (server, bytes, fits, patience) => {
    const { promise, settle } = waiting(patience);
    const socket = await openUdp({ address: local, port: 0 }, (answer, from) => {
      if (from.address !== server.address || from.port !== server.port) return onStranger(from.address);
      const response = fits(answer);
      if (response) settle(response);
    });
    try {
      if (await socket.send(bytes, server)) settle(undefined); // no route: the next server's turn
      return await promise;
    } finally {
      await socket.close();
    }
  };

export const overTcp: Exchange = async (server, bytes, fits, patience) => {
  const { promise, settle } = waiting(patience);
  const frames = new Frames(0xffff);
  const socket = connect({ host: server.address, port: server.port }, () => socket.write(framed(bytes)));
  socket.on("error", () => settle(undefined)).on("close", () => settle(undefined));
  socket.on("data", (part) => {
    const answers = frames.take(part);
    if (!answers) settle(undefined);
    for (const answer of answers ?? []) settle(fits(answer));
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
};

/** Settled once, at the latest when patience ends. */
function waiting(patience: number): { promise: Promise<Response | undefined>; settle(response: Response | undefined): void } {
  let resolve: (response: Response | undefined) => void = () => {};
  const promise = new Promise<Response | undefined>((give) => {
    resolve = give;
  });
  const timer = setTimeout(() => resolve(undefined), patience);
  return {
    promise,
    settle: (response) => {
      clearTimeout(timer);
      resolve(response);
    },
  };
}
