/** TFTP as UEFI firmware speaks it: first the size alone, then the file in blocks of 1468 and windows of four, where the server knows those. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** Milliseconds of silence after which the last packet is sent again, and how often. */
const WAIT = 2000;
const TRIES = 6;

const [READ, DATA, ACK, ERROR, OACK] = [1, 3, 4, 5, 6] as const;
const WANTED = { tsize: 0, blksize: 1468, windowsize: 4 };

export const tftpCounts = { retries: 0 };

export interface Place {
  /** The machine's own address. */
  readonly from: string;
  readonly server: string;
}

/** Answers the number of bytes received. Rejects when the server refuses or falls silent. */
export async function fetchLoader(place: Place, file: string): Promise<number> {
  await transfer(place, file, true);
  return transfer(place, file, false);
}

async function transfer({ from, server }: Place, file: string, sizeOnly: boolean): Promise<number> {
  const socket = createSocket({ type: "udp4", lookup: addressIsKnown });
  const listening = once(socket, "listening");
  socket.bind({ address: from, port: 0, exclusive: true });
  await listening;
  try {
    return await receive(socket, server, file, sizeOnly);
  } finally {
    socket.close();
  }
}

function receive(socket: Socket, server: string, file: string, sizeOnly: boolean): Promise<number> {
  const terms = { blksize: 512, windowsize: 1 };
  let [port, block, inWindow, bytes, silences] = [69, 0, 0, 0, 0];
  let last = request(file);
  return new Promise((resolve, reject) => {
    const say = (packet: Buffer): void => {
      last = packet;
      socket.send(packet, port, server);
      timer.refresh();
    };
    const over = (outcome: Error | number): void => {
      clearTimeout(timer);
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    const timer = setTimeout(() => {
      if (++silences >= TRIES) return over(new Error(`TFTP: the server fell silent at block ${block} of ${file}`));
      tftpCounts.retries += 1;
      inWindow = 0;
      say(last);
    }, WAIT);
    socket.on("error", over);
    socket.on("message", (packet, peer) => {
      if (port === 69) port = peer.port;
      if (peer.port !== port) return;
      silences = 0;
      const op = packet.readUInt16BE(0);
      if (op === ERROR) return over(new Error(`TFTP: ${file}: ${packet.toString("latin1", 4).replace(/\0.*$/s, "")}`));
      if (op === OACK && block === 0) {
        const options = packet.toString("latin1", 2).toLowerCase().split("\0");
        for (const name of ["blksize", "windowsize"] as const) {
          const at = options.indexOf(name);
          if (at >= 0) terms[name] = Number(options[at + 1]);
        }
        if (!sizeOnly) return say(ack(0));
        socket.send(Buffer.from("\0\x05\0\x08User aborted the transfer\0", "latin1"), port, server, () => over(0));
        return;
      }
      if (op !== DATA) return;
      if (packet.readUInt16BE(2) !== ((block + 1) & 0xffff)) return say(ack(block)); // RFC 7440 §4: says where the gap begins
      block += 1;
      bytes += packet.length - 4;
      const finished = packet.length - 4 < terms.blksize;
      if (++inWindow >= terms.windowsize || finished) {
        inWindow = 0;
        say(ack(block));
      } else timer.refresh();
      if (finished) over(bytes);
    });
    say(last);
  });
}

/** The server is an address: sending waits for no resolver, so the last ACK leaves before the socket closes. */
function addressIsKnown(host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void {
  done(null, host, 4);
}

const ack = (block: number): Buffer => Buffer.of(0, ACK, (block >> 8) & 255, block & 255);

const request = (file: string): Buffer =>
  Buffer.from(`\0${String.fromCharCode(READ)}${[file, "octet", ...Object.entries(WANTED).flat()].join("\0")}\0`, "latin1");
