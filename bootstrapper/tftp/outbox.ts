/** How a window of blocks leaves: cut by the kernel out of the file where it lies, or, where there is no such kernel, one datagram after another. */
import { kernel } from "../wire/kernel.ts";
import type { UdpSocket } from "../wire/udp.ts";
import { Volley } from "../wire/volley.ts";
import { dataHead } from "./packet.ts";
import { type Session, spanEnd, spanStart } from "./session.ts";

export interface Outbox {
  /** Blocks `first` to `last`, all of them in memory. They have left after the next `flush`. */
  put(session: Session, first: number, last: number): void;
  /** Sends what was put. */
  flush(): void;
}

/** `onUnsent`: the kernel had no room for a window just now. */
export function outboxOf(socket: UdpSocket, onUnsent: (session: Session) => void): Outbox {
  return kernel && socket.descriptor() !== undefined ? volleys(new Volley(kernel), socket, onUnsent) : oneByOne(socket);
}

function volleys(volley: Volley<Session>, socket: UdpSocket, onUnsent: (session: Session) => void): Outbox {
  const flush = (): void => {
    const fd = socket.descriptor();
    if (volley.empty || fd === undefined) return;
    for (const { tag, again } of volley.fire(fd)) if (again) onUnsent(tag); // the rest is the retransmission's business, like all that is lost
  };
  return {
    flush,
    put(session, first, last) {
      if (!volley.hasRoom(last - first + 1)) flush();
      const { course, content, peer } = session;
      volley.aim(session.address, peer.port, course.blockSize + 4, session);
      for (let block = first; block <= last; block++) {
        volley.datagram(dataHead(block));
        const end = spanEnd(session, block);
        for (let at = spanStart(session, block); at < end; ) {
          const piece = content.at(at)!;
          const length = Math.min(end, piece.start + piece.bytes.length) - at;
          volley.run(piece, at - piece.start, length);
          at += length;
        }
      }
    },
  };
}

function oneByOne(socket: UdpSocket): Outbox {
  return {
    flush: () => {},
    put(session, first, last) {
      for (let block = first; block <= last; block++) {
        const end = spanEnd(session, block);
        let at = spanStart(session, block);
        const bytes = Buffer.allocUnsafe(4 + Math.max(0, end - at));
        bytes.writeUInt32BE(dataHead(block), 0);
        for (let to = 4; at < end; ) {
          const piece = session.content.at(at)!;
          const from = piece.bytes.subarray(at - piece.start, at - piece.start + end - at);
          bytes.set(from, to);
          to += from.length;
          at += from.length;
        }
        socket.post(bytes, session.peer);
      }
    },
  };
}
