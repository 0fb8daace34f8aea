/** DNS cookies: a client that brings ours back has the address it speaks from. RFC 7873, laid out as in RFC 9018 §4. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Ipv4 } from "../../cluster/address.ts";

/** Bytes of the client's half. */
const CLIENT = 8;
/** Seconds: RFC 9018 §4.3. */
const [OLDEST, AHEAD] = [3600, 300];

/** The whole cookie that an answer carries. `now`: seconds since 1970. */
export function cookieFor(client: Buffer, address: Ipv4, secret: Uint8Array, now: number): Buffer {
  const own = client.subarray(0, CLIENT);
  const head = Buffer.alloc(8);
  head[0] = 1; // version
  head.writeUInt32BE(now >>> 0, 4);
  return Buffer.concat([own, head, proof(own, head, address, secret)]);
}

/** Whether the cookie holds what we gave to this very address lately. */
export function isGenuine(cookie: Buffer, address: Ipv4, secret: Uint8Array, now: number): boolean {
  if (cookie.length !== CLIENT + 16 || cookie[CLIENT] !== 1) return false;
  const [own, head, given] = [cookie.subarray(0, CLIENT), cookie.subarray(CLIENT, CLIENT + 8), cookie.subarray(CLIENT + 8)];
  const age = now - head.readUInt32BE(4);
  return age <= OLDEST && age >= -AHEAD && timingSafeEqual(given, proof(own, head, address, secret));
}

const proof = (client: Uint8Array, head: Uint8Array, address: Ipv4, secret: Uint8Array): Buffer =>
  createHmac("sha256", secret).update(client).update(head).update(address).digest().subarray(0, 8);
