/** The TFTP server: hears requests, opens their files, and gives each transfer a session of its own. RFC 1350 §4. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import type { Transfer } from "../machines/machine.ts";
import { sparing } from "../sparing-journal.ts";
import { WireError } from "../wire/error.ts";
import { openUdp, type UdpPeer } from "../wire/udp.ts";
import { type Content, type Found, tftpFiles } from "./files.ts";
import { shown } from "./name.ts";
import { negotiate } from "./negotiate.ts";
import { netascii } from "./netascii.ts";
import { decode, ERRORS, type ErrorCode, encode, type Packet } from "./packet.ts";
import { type Guest, type Limits, Places } from "./places.ts";
import { entry, report } from "./report.ts";
import { Session } from "./session.ts";

export interface TftpOptions {
  /** Where we listen, and where every answer leaves from. */
  readonly address: Ipv4;
  /** 69 unless said otherwise; 0 takes a free one. */
  readonly port?: number;
  /** Absolute path of the folder whose files are given away (`layout.tftp` of a bsroot). */
  readonly root: string;
  readonly journal: Journal;
  /** Who holds this address now. */
  holder(address: Ipv4): Mac | undefined;
  /** What a machine fetches right now; undefined when it is over. */
  onTransfer(mac: Mac, transfer: Transfer | undefined): void;
  /** Largest IP packet that crosses the network in one piece; 1500 unless said otherwise. */
  readonly mtu?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly limits?: Partial<Limits>;
}

export interface TftpServer {
  readonly port: number;
  /** Ends every transfer and frees every socket. */
  close(): Promise<void>;
}

type Request = Extract<Packet, { op: "read" | "write" }>;

const LIMITS: Limits = { all: 512, each: 16 };
/** Text is translated in memory; whoever wants a large file as text has the wrong mode. */
const NETASCII_LIMIT = 4 << 20;
/** Milliseconds between two reports of a transfer's progress. */
const PROGRESS_EVERY = 250;
/** Bytes: hundreds of machines that ask in the same instant. */
const RECEIVE_BUFFER = 1 << 20;

/** Throws UdpError when the port cannot be had. */
export async function startTftp(options: TftpOptions): Promise<TftpServer> {
  const { address, journal, holder, onTransfer, mtu = 1500, now = Date.now } = options;
  const files = tftpFiles(options.root);
  const places = new Places({ ...LIMITS, ...options.limits });
  const complain = sparing(journal, now);
  const socket = await openUdp({ address, port: options.port ?? 69, receiveBuffer: RECEIVE_BUFFER, onTrouble }, receive);

  function onTrouble(error: Error): void {
    complain({ from: "tftp", level: error instanceof WireError ? "refused" : "warning", text: shown(error.message) });
  }

  async function receive(bytes: Uint8Array, peer: UdpPeer): Promise<void> {
    const packet = decode(bytes);
    switch (packet.op) {
      case "read":
        return start(packet, peer);
      case "write":
        return refuse(peer, packet.file, ERRORS.accessViolation, "nobody may write here");
      default: // belongs to a transfer, and those have ports of their own
        complain({ from: "tftp", level: "refused", text: `${peer.address} sent a stray ${packet.op} packet` });
    }
  }

  async function start(request: Request, peer: UdpPeer): Promise<void> {
    const guest: Guest = { peer, file: request.file };
    const verdict = places.take(guest);
    if (verdict.do === "turn-away")
      complain({ from: "tftp", level: "warning", text: `${peer.address} must ask again for ${shown(request.file)}: ${verdict.because}` });
    if (verdict.do !== "serve") return;
    try {
      const found = await open(request);
      if ("content" in found) await begin(guest, request, found.content);
      else refuse(peer, request.file, found.code, found.because);
    } catch (error) {
      refuse(peer, request.file, ERRORS.other, "the server cannot read it", (error as Error).message);
    } finally {
      if (!guest.session) places.leave(guest);
    }
  }

  /** RFC 1350 §1: netascii and octet; mail is obsolete. */
  async function open({ file, mode }: Request): Promise<Found> {
    if (mode !== "octet" && mode !== "netascii") return { code: ERRORS.illegalOperation, because: `mode ${shown(mode)} is not octet` };
    const found = await files.open(file);
    if (mode === "octet" || !("content" in found)) return found;
    try {
      const { size } = found.content;
      if (size > NETASCII_LIMIT) return { code: ERRORS.other, because: "it is too large for mode netascii; ask for octet" };
      const text = netascii(await found.content.read(0, size));
      return { content: { size: text.length, read: (offset, length) => text.subarray(offset, offset + length), close: () => {} } };
    } finally {
      found.content.close();
    }
  }

  async function begin(guest: Guest, { file, mode, options: asked }: Request, content: Content): Promise<void> {
    const { peer } = guest;
    const client = { address: peer.address, mac: holder(peer.address) };
    const { mac } = client;
    let toldAt = Number.NEGATIVE_INFINITY;
    const session = new Session({
      address,
      peer,
      content,
      agreement: negotiate(asked, { mtu, size: mode === "octet" ? content.size : undefined }),
      now,
      onProgress: (sent) => {
        if (!mac || now() - toldAt < PROGRESS_EVERY) return;
        toldAt = now();
        onTransfer(mac, { file: shown(file), sent, size: content.size });
      },
      onEnd: (outcome) => {
        places.leave(guest);
        if (mac) onTransfer(mac, undefined);
        (outcome.state === "done" ? journal : complain)(report(outcome, client, file, content.size));
      },
    });
    if (await session.start(() => places.holds(guest))) guest.session = session;
  }

  /** From the well-known port: a refusal needs no socket of its own. */
  function refuse(peer: UdpPeer, file: string, code: ErrorCode, because: string, detail = because): void {
    void socket.send(encode({ op: "error", code, message: because }), peer);
    const client = { address: peer.address, mac: holder(peer.address) };
    complain(entry(client, code === ERRORS.accessViolation ? "refused" : "warning", `did not get ${shown(file)}: ${shown(detail)}`));
  }

  return {
    port: socket.address().port,
    async close() {
      await Promise.all([socket.close(), places.clear("the server stops")]);
    },
  };
}
