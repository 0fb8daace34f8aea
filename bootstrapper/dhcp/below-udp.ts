/** Sockets below UDP, by the kernel's own calls: frames of one interface, and ICMP. Read by asking, since Node cannot wait for them. */
import type { Ipv4, Mac } from "../../cluster/address.ts";
import { toNumber } from "../../cluster/address.ts";
import * as sys from "../wire/kernel.ts";
import { macBytes, spelledMac } from "./frames.ts";

/** One interface, for a process that may (CAP_NET_RAW). */
export interface LinkLayer {
  readonly mac: Mac;
  /** The kernel's name for what it refused; undefined when the frame left. */
  sendIp(packet: Uint8Array, to: Mac): string | undefined;
  sendArp(message: Uint8Array): string | undefined;
  /** Begins to keep ARP messages for `heardArp`. */
  listenArp(): void;
  /** Those that came since it was asked last. */
  heardArp(): readonly Uint8Array[];
  /** Keeps no more of them. */
  ignoreArp(): void;
  close(): void;
}

export interface Echoes {
  send(message: Uint8Array, to: Ipv4): string | undefined;
  heard(): readonly Uint8Array[];
  close(): void;
}

const EVERY_MAC = "ff:ff:ff:ff:ff:ff" as Mac;
/** Messages taken in one asking: a storm of them must not hold up everything else. */
const MOST = 1024;
const LARGEST = 1600;

/** Undefined where it is not permitted, or there is no such interface. */
export function openLink(kernel: sys.Kernel, device: string): LinkLayer | undefined {
  const sender = packetSocket(kernel);
  if (sender === undefined) return undefined;
  const index = asked(kernel, sender, device, sys.SIOCGIFINDEX)?.readInt32LE(16);
  const hardware = asked(kernel, sender, device, sys.SIOCGIFHWADDR)?.subarray(18, 24);
  if (index === undefined || !hardware) {
    kernel.close(sender);
    return undefined;
  }
  let collector: number | undefined;
  const send = (bytes: Uint8Array, protocol: number, to: Mac): string | undefined => {
    const target = linkAddress(index, protocol, to);
    return kernel.sendto(sender, bytes, bytes.length, 0, target, target.length) < 0 ? kernel.failure() : undefined;
  };
  const ignoreArp = (): void => {
    if (collector !== undefined) kernel.close(collector);
    collector = undefined;
  };
  return {
    mac: spelledMac(hardware),
    sendIp: (packet, to) => send(packet, sys.ETH_P_IP, to),
    sendArp: (message) => send(message, sys.ETH_P_ARP, EVERY_MAC),
    listenArp: () => {
      if (collector !== undefined) return;
      collector = packetSocket(kernel);
      const here = linkAddress(index, sys.ETH_P_ARP, EVERY_MAC);
      if (collector !== undefined) kernel.bind(collector, here, here.length);
    },
    heardArp: () => (collector === undefined ? [] : waiting(kernel, collector)),
    ignoreArp,
    close: () => {
      ignoreArp();
      kernel.close(sender);
    },
  };
}

/** Undefined where it is not permitted. */
export function openEchoes(kernel: sys.Kernel): Echoes | undefined {
  const fd = kernel.socket(sys.AF_INET, sys.SOCK_RAW | sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC, sys.IPPROTO_ICMP);
  if (fd < 0) return undefined;
  return {
    send: (message, to) => {
      const target = sys.socketAddress(toNumber(to), 0);
      return kernel.sendto(fd, message, message.length, 0, target, target.length) < 0 ? kernel.failure() : undefined;
    },
    heard: () => waiting(kernel, fd),
    close: () => void kernel.close(fd),
  };
}

/** Hears nothing until it is bound to a protocol. packet(7): the kernel adds and takes away the Ethernet header. */
function packetSocket(kernel: sys.Kernel): number | undefined {
  const fd = kernel.socket(sys.AF_PACKET, sys.SOCK_DGRAM | sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC, 0);
  return fd < 0 ? undefined : fd;
}

function waiting(kernel: sys.Kernel, fd: number): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  const room = Buffer.alloc(LARGEST);
  const from = Buffer.alloc(32);
  while (found.length < MOST) {
    const length = kernel.recvfrom(fd, room, room.length, sys.MSG_DONTWAIT, from, sys.int(from.length));
    if (length < 0) break;
    found.push(Uint8Array.from(room.subarray(0, length)));
  }
  return found;
}

/** struct ifreq: a name of 16 bytes, then the answer. netdevice(7). */
function asked(kernel: sys.Kernel, fd: number, device: string, request: number): Buffer | undefined {
  const question = Buffer.alloc(40);
  question.write(device, 0, 15, "latin1");
  return kernel.ioctl(fd, request, question) < 0 ? undefined : question;
}

/** A frame's destination on an interface. */
function linkAddress(index: number, protocol: number, to: Mac): Buffer {
  const made = sys.packetAddress(index, protocol);
  made.writeUInt8(6, 11);
  made.set(macBytes(to), 12);
  return made;
}

export interface LinkLayers {
  /** Undefined where it is not to be had; a loopback has no link layer. */
  of(device: string | undefined): LinkLayer | undefined;
  /** Interfaces may have come, gone or changed. */
  forget(): void;
}

/** Each interface's link layer, opened when it is first asked for. */
export function linkLayers(kernel: sys.Kernel | undefined): LinkLayers {
  const known = new Map<string, LinkLayer | undefined>();
  return {
    of: (device) => {
      if (device === undefined || device === "lo" || !kernel) return undefined;
      if (!known.has(device)) known.set(device, openLink(kernel, device));
      return known.get(device);
    },
    forget: () => {
      for (const link of known.values()) link?.close();
      known.clear();
    },
  };
}
