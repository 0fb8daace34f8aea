/** A UDP socket made by the kernel's own calls: of one interface, with a buffer beyond the limit, heard and answered in batches. */
import type { Ipv4 } from "../../cluster/address.ts";
import { fromNumber, toNumber } from "../../cluster/address.ts";
import { Batch, LARGEST, MOST } from "./batch.ts";
import * as sys from "./kernel.ts";
import type { UdpOptions, UdpPeer } from "./udp.ts";

/** Throws an Error whose `code` is the kernel's name for what it refused. */
export function makeSocket(kernel: sys.Kernel, options: UdpOptions): number {
  const fd = kernel.socket(sys.AF_INET, sys.SOCK_DGRAM | sys.SOCK_NONBLOCK | sys.SOCK_CLOEXEC, 0);
  const refused = (): Error => Object.assign(new Error(kernel.failure()), { code: kernel.failure() });
  const set = (name: number, value: Uint8Array): boolean => kernel.setsockopt(fd, sys.SOL_SOCKET, name, value, value.length) >= 0;
  if (fd < 0) throw refused();
  const { address, port, reuse, broadcast, receiveBuffer, device } = options;
  const here = sys.socketAddress(toNumber(address), port);
  const made =
    (!reuse || set(sys.SO_REUSEADDR, sys.int(1))) &&
    (!broadcast || set(sys.SO_BROADCAST, sys.int(1))) &&
    (device === undefined || set(sys.SO_BINDTODEVICE, Buffer.from(`${device}\0`))) &&
    (receiveBuffer === undefined || set(sys.SO_RCVBUFFORCE, sys.int(receiveBuffer)) || set(sys.SO_RCVBUF, sys.int(receiveBuffer))) &&
    kernel.bind(fd, here, here.length) >= 0;
  if (made) return fd;
  const error = refused();
  kernel.close(fd);
  throw error;
}

/** Node's own handle lets others share whatever port it is given; a socket that did not ask for that must not be shared. */
export function keepToItself(kernel: sys.Kernel, fd: number): void {
  kernel.setsockopt(fd, sys.SOL_SOCKET, sys.SO_REUSEADDR, sys.int(0), 4);
}

interface Batches {
  readonly heard: Batch;
  readonly said: Batch;
}
const made = new WeakMap<sys.Kernel, Batches>();

/** Two batches for the whole thread: a batch is heard, or said, without a pause in which another could begin. */
function batchesOf(kernel: sys.Kernel): Batches {
  const batches = made.get(kernel) ?? { heard: new Batch(kernel), said: new Batch(kernel) };
  made.set(kernel, batches);
  return batches;
}

/** Hands on what waits now, one batch at most. `take` answers whether it wants more. */
export function drain(kernel: sys.Kernel, fd: number, take: (bytes: Buffer, from: UdpPeer) => boolean): void {
  const { heard } = batchesOf(kernel);
  const count = kernel.recvmmsg(fd, heard.headers, MOST, sys.MSG_DONTWAIT, null);
  if (count <= 0) return;
  try {
    for (let slot = 0; slot < count; slot++) {
      if (!take(heard.take(slot), { address: spelled(heard.address(slot)), port: heard.port(slot) })) return;
    }
  } finally {
    heard.clear(count);
  }
}

/** A datagram on its way out, and who wants to know whether it left. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  readonly to: UdpPeer;
  readonly settle: (error: Error | undefined) => void;
}

/** Sends all, in as few calls as possible. What the kernel has no room for now goes to `later`. */
export function flush(kernel: sys.Kernel, fd: number, outgoing: readonly Outgoing[], later: (datagram: Outgoing) => void): void {
  const { said } = batchesOf(kernel);
  for (let from = 0; from < outgoing.length; from += MOST) {
    const count = Math.min(MOST, outgoing.length - from);
    for (let slot = 0; slot < count; slot++) {
      const { bytes, to } = outgoing[from + slot]!;
      said.put(slot, bytes, numbered(to.address), to.port);
    }
    for (let slot = 0; slot < count; ) {
      const sent = kernel.sendmmsg(fd, said.headers.subarray(slot * 64), count - slot, sys.MSG_DONTWAIT);
      const code = sent < 0 ? kernel.failure() : undefined;
      const done = Math.max(sent, 1); // a failure is the first one's
      for (let each = slot; each < slot + done; each++) {
        const datagram = outgoing[from + each]!;
        if (code === "EAGAIN" || code === "ENOBUFS") later(datagram);
        else datagram.settle(code === undefined ? undefined : unsent(code, datagram.to));
      }
      slot += done;
    }
  }
}

export const unsent = (code: string, { address, port }: UdpPeer): Error =>
  Object.assign(new Error(`send ${code} ${address}:${port}`), { code });

/** What no datagram can be, said before it is copied anywhere. */
export const impossible = (bytes: Uint8Array, to: UdpPeer): Error | undefined =>
  to.port === 0 ? unsent("EINVAL", to) : bytes.length > LARGEST ? unsent("EMSGSIZE", to) : undefined;

/** The same few addresses come again and again. */
const KNOWN = 8192;
const numbers = new Map<Ipv4, number>();
const spellings = new Map<number, Ipv4>();

function numbered(address: Ipv4): number {
  const known = numbers.get(address);
  if (known !== undefined) return known;
  return remembered(numbers, address, toNumber(address));
}

function spelled(number: number): Ipv4 {
  return spellings.get(number) ?? remembered(spellings, number, fromNumber(number));
}

function remembered<K, V>(table: Map<K, V>, key: K, value: V): V {
  if (table.size >= KNOWN) table.clear();
  table.set(key, value);
  return value;
}
