/** System calls that Node does not offer, through koffi: sockets of one interface, buffers beyond the limit, many datagrams in one call. */
import { getSystemErrorName } from "node:util";
import koffi from "koffi";

/** Each answers like its man page in section 2: below 0 is a failure, and `failure` says which. Pointers are buffers. */
export interface Kernel {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  ioctl(fd: number, request: number, value: Uint8Array): number;
  sendto(fd: number, bytes: Uint8Array, length: number, flags: number, to: Uint8Array, toLength: number): number;
  recvfrom(fd: number, bytes: Uint8Array, length: number, flags: number, from: Uint8Array, fromLength: Uint8Array): number;
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number, timeout: null): number;
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number;
  close(fd: number): number;
  /** Where a buffer lies, for structures that point to others. It stays there as long as the buffer lives. */
  addressOf(buffer: Uint8Array): bigint;
  /** Of the last call that failed, by name: "EADDRINUSE". */
  failure(): string;
}

/** <asm-generic/socket.h>, <bits/socket.h>. */
export const AF_INET = 2;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_RCVBUFFORCE = 33;
export const MSG_DONTWAIT = 0x40;
export const MSG_TRUNC = 0x20;
/** <linux/if_ether.h>, <linux/in.h>, <linux/sockios.h>. */
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const IPPROTO_ICMP = 1;
export const SIOCGIFHWADDR = 0x8927;
export const SIOCGIFINDEX = 0x8933;

/** The structures are spelled by hand, as these two lay them out. */
const KNOWN = process.platform === "linux" && ["x64", "arm64"].includes(process.arch);

/** Undefined where it cannot be had: another system, another C library. Everything must go on without, less quickly. */
export const kernel: Kernel | undefined = KNOWN ? load() : undefined;

function load(): Kernel | undefined {
  try {
    const libc = koffi.load("libc.so.6");
    return {
      socket: libc.func("int socket(int, int, int)"),
      bind: libc.func("int bind(int, void*, int)"),
      setsockopt: libc.func("int setsockopt(int, int, int, void*, int)"),
      getsockopt: libc.func("int getsockopt(int, int, int, void*, void*)"),
      ioctl: libc.func("int ioctl(int, unsigned long, void*)"),
      sendto: libc.func("long sendto(int, void*, size_t, int, void*, int)"),
      recvfrom: libc.func("long recvfrom(int, void*, size_t, int, void*, void*)"),
      recvmmsg: libc.func("int recvmmsg(int, void*, unsigned int, int, void*)"),
      sendmmsg: libc.func("int sendmmsg(int, void*, unsigned int, int)"),
      close: libc.func("int close(int)"),
      addressOf: (buffer) => koffi.address(buffer),
      failure: () => getSystemErrorName(-koffi.errno()),
    };
  } catch {
    return undefined;
  }
}

/** struct sockaddr_in (ip(7)); `address` as a number. */
export function socketAddress(address: number, port: number): Buffer {
  const made = Buffer.alloc(16);
  made.writeUInt16LE(AF_INET, 0);
  made.writeUInt16BE(port, 2);
  made.writeUInt32BE(address, 4);
  return made;
}

/** struct sockaddr_ll (packet(7)): the interface that a frame leaves on. `ethertype` is only for binding. */
export function packetAddress(index: number, ethertype = 0): Buffer {
  const made = Buffer.alloc(20);
  made.writeUInt16LE(AF_PACKET, 0);
  made.writeUInt16BE(ethertype, 2);
  made.writeInt32LE(index, 4);
  return made;
}

export function int(value: number): Buffer {
  const made = Buffer.alloc(4);
  made.writeInt32LE(value);
  return made;
}
