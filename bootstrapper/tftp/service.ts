/** The TFTP server: hears requests, opens their files, and has each transfer carried by a lane. RFC 1350 §4. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import type { Journal } from "../journal.ts";
import type { Transfer } from "../machines/machine.ts";
import { sparing } from "../sparing-journal.ts";
import { WireError } from "../wire/error.ts";
import { openUdp, type UdpPeer } from "../wire/udp.ts";
import type { Content, Found } from "./content.ts";
import { type Folders, tftpFiles } from "./files.ts";
import { Lanes } from "./lanes.ts";
import { hostMtu } from "./mtu.ts";
import { shown } from "./name.ts";
import { negotiate } from "./negotiate.ts";
import { asNetascii } from "./netascii.ts";
import { decode, ERRORS, type ErrorCode, encode, type Packet } from "./packet.ts";
import { type Guest, type Limits, Places } from "./places.ts";
import { HEALTH, watchTftp } from "./probe.ts";
import { entry, report } from "./report.ts";
import { isStalled, makeSession, type SessionHooks } from "./session.ts";

export interface TftpOptions {
  /** Where we listen, and where every answer leaves from. */
  readonly address: Ipv4;
  /** 69 unless said otherwise; 0 takes a free one. */
  readonly port?: number;
  /** What is given away: absolute paths of folders, by what names begin with. */
  readonly folders: Folders;
  readonly journal: Journal;
  /** Who holds this address now. */
  holder(address: Ipv4): Mac | undefined;
  /** What a machine fetches right now; undefined when it is over. */
  onTransfer(mac: Mac, transfer: Transfer | undefined): void;
  /** Files that are made for whoever asks; undefined: it is not one of those. */
  readonly made?: (asked: string, peer: UdpPeer) => Found | undefined;
  /** Largest IP packet that reaches this address in one piece; by the host's interfaces unless said otherwise. */
  readonly mtu?: (towards: Ipv4) => number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly limits?: Partial<Limits>;
}

export interface TftpServer {
  readonly port: number;
  /** Whether it answered when it was last asked, over the network as any client asks. */
  ok(): boolean;
  /** In a line for the operator. */
  health(): string;
  /** Ends every transfer and frees every socket. */
  close(): Promise<void>;
}

type Request = Extract<Packet, { op: "read" | "write" }>;

/** A machine behind a router may share its address with a whole rack. */
const LIMITS: Limits = { all: 4096, each: 1024 };
/** Bytes: a thousand machines that ask in the same instant. */
const RECEIVE_BUFFER = 4 << 20;

/** Throws UdpError when the port cannot be had. */
export async function startTftp(options: TftpOptions): Promise<TftpServer> {
  const { address, journal, holder, onTransfer, made = () => undefined, mtu = hostMtu(), now = Date.now } = options;
  const files = tftpFiles(options.folders);
  const places = new Places({ ...LIMITS, ...options.limits });
  const complain = sparing(journal, now);
  const lanes = await Lanes.open(address, onTrouble);
  const socket = await openUdp({ address, port: options.port ?? 69, receiveBuffer: RECEIVE_BUFFER, onTrouble }, receive).catch(
    async (error) => {
      await lanes.close();
      throw error;
    },
  );

  function onTrouble(error: Error): void {
    complain({ from: "tftp", level: error instanceof WireError ? "refused" : "warning", text: shown(error.message) });
  }

  function receive(bytes: Uint8Array, peer: UdpPeer): void | Promise<void> {
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
      const found = await open(request, peer);
      if ("content" in found) begin(guest, request, found.content);
      else refuse(peer, request.file, found.code, found.because);
    } catch (error) {
      refuse(peer, request.file, ERRORS.other, "the server cannot read it", (error as Error).message);
    } finally {
      if (!guest.session) places.leave(guest);
    }
  }

  /** RFC 1350 §1: netascii and octet; mail is obsolete. */
  async function open({ file, mode }: Request, peer: UdpPeer): Promise<Found> {
    if (mode !== "octet" && mode !== "netascii") return { code: ERRORS.illegalOperation, because: `mode ${shown(mode)} is not octet` };
    const found = made(file, peer) ?? (await files.open(file));
    if (mode === "octet" || !("content" in found)) return found;
    try {
      return { content: await asNetascii(found.content) };
    } catch (error) {
      found.content.close();
      throw error;
    }
  }

  /** Its place may have been given to another while the file was opened. */
  function begin(guest: Guest, { file, options: asked }: Request, content: Content): void {
    const { peer } = guest;
    const lane = places.holds(guest) ? lanes.for(peer) : undefined;
    if (!lane) {
      content.close();
      return;
    }
    const client = { address: peer.address, mac: holder(peer.address) };
    const { mac } = client;
    const hooks: SessionHooks = {
      onProven: () => places.prove(guest),
      onProgress: (sent) => mac && onTransfer(mac, { file: shown(file), sent, size: content.size }),
      onEnd: (outcome) => {
        places.leave(guest);
        if (mac) onTransfer(mac, undefined);
        (outcome.state === "done" ? journal : complain)(report(outcome, client, file, content.size));
      },
    };
    const agreement = negotiate(asked, { mtu: mtu(peer.address), size: content.size });
    const session = makeSession(peer, mac, content, agreement, hooks);
    guest.session = {
      get stalled() {
        return isStalled(session);
      },
      stop: (because) => lane.stop(session, because),
    };
    lane.carry(session);
  }

  /** From the well-known port: a refusal needs no transfer. */
  function refuse(peer: UdpPeer, file: string, code: ErrorCode, because: string, detail = because): void {
    socket.post(encode({ op: "error", code, message: because }), peer);
    if (file === HEALTH && peer.address === address) return; // our own question
    const client = { address: peer.address, mac: holder(peer.address) };
    complain(entry(client, code === ERRORS.accessViolation ? "refused" : "warning", `did not get ${shown(file)}: ${shown(detail)}`));
  }

  const watch = watchTftp(address, socket.address().port);
  return {
    port: socket.address().port,
    ok: () => watch.trouble() === undefined,
    health: () => watch.trouble() ?? (places.count === 0 ? "serving" : `serving ${places.count} transfers`),
    async close() {
      await watch.close();
      places.clear("the server stops");
      await Promise.all([socket.close(), lanes.close()]);
      await files.close();
    },
  };
}
