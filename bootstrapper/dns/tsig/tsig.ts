/** The TSIG record: its fields, and the code that proves who wrote a message. RFC 8945 §4. */
import { createHmac } from "node:crypto";
import type { TsigKey } from "../../../cluster/cluster.ts";
import { WireError } from "../../wire/error.ts";
import { nameText, nameWire, readName } from "../name.ts";
import { CLASSES, TYPES } from "../numbers.ts";
import { HEADER_SIZE, type Place } from "../survey.ts";

export interface Key extends TsigKey {
  readonly secret: Buffer;
}

export interface Tsig {
  readonly key: string;
  /** A name: "hmac-sha256". */
  readonly algorithm: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** Seconds that clocks may differ. */
  readonly fudge: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  readonly other: Uint8Array;
}

/** RFC 8945 §3. */
export const ERRORS = { none: 0, badSig: 16, badKey: 17, badTime: 18, badTrunc: 22 } as const;

/** Bytes of a whole code. */
export const MAC_SIZES: Readonly<Record<TsigKey["algorithm"], number>> = { "hmac-sha256": 32, "hmac-sha384": 48, "hmac-sha512": 64 };

/** `place` is the record's in `message`. Throws WireError. */
export function readTsig(message: Uint8Array, place: Place): Tsig {
  const at = place.end - place.data.length;
  const { wire, end } = readName(message, at);
  const rest = Buffer.from(message.subarray(end, place.end));
  const wrong = (): WireError => new WireError("dns", "its TSIG record is malformed");
  if (end > place.end || rest.length < 16) throw wrong();
  const macSize = rest.readUInt16BE(8);
  if (rest.length < 16 + macSize) throw wrong();
  const tail = rest.subarray(10 + macSize);
  if (tail.length !== 6 + tail.readUInt16BE(4)) throw wrong();
  return {
    key: nameText(readName(message, place.at).wire),
    algorithm: nameText(wire),
    time: rest.readUIntBE(0, 6),
    fudge: rest.readUInt16BE(6),
    mac: rest.subarray(10, 10 + macSize),
    originalId: tail.readUInt16BE(0),
    error: tail.readUInt16BE(2),
    other: tail.subarray(6),
  };
}

/** The whole record, as it ends a message. */
export function tsigRecord(tsig: Tsig): Buffer {
  const { key, algorithm, time, fudge, mac, originalId, error, other } = tsig;
  const data = Buffer.concat([
    nameWire(algorithm),
    timers(time, fudge),
    uint16(mac.length),
    mac,
    uint16(originalId),
    uint16(error),
    sized(other),
  ]);
  return Buffer.concat([nameWire(key), uint16(TYPES.TSIG), uint16(CLASSES.ANY), Buffer.alloc(4), sized(data)]);
}

export interface Proven {
  /** The code before this message's: that of the request, or of the message before in a row. */
  readonly prior?: Uint8Array;
  /** Without its TSIG record. */
  readonly message: Uint8Array;
  readonly tsig: Omit<Tsig, "mac">;
  /** Of a later message in a row only the timers are proven (RFC 8945 §5.3.1). */
  readonly timersOnly?: boolean;
}

/** RFC 8945 §4.3. */
export function macOf({ algorithm, secret }: Pick<Key, "algorithm" | "secret">, { prior, message, tsig, timersOnly }: Proven): Buffer {
  const hmac = createHmac(algorithm.slice("hmac-".length), secret);
  if (prior) hmac.update(sized(prior));
  hmac.update(message);
  if (!timersOnly) {
    hmac.update(nameWire(tsig.key)).update(uint16(CLASSES.ANY)).update(Buffer.alloc(4)).update(nameWire(tsig.algorithm));
  }
  hmac.update(timers(tsig.time, tsig.fudge));
  if (!timersOnly) hmac.update(uint16(tsig.error)).update(sized(tsig.other));
  return hmac.digest();
}

/** The message as it was before it was signed (RFC 8945 §4.3.2). */
export function withoutTsig(message: Uint8Array, place: Place, originalId: number): Buffer {
  const bytes = Buffer.from(message.subarray(0, place.at));
  bytes.writeUInt16BE(originalId, 0);
  bytes.writeUInt16BE(bytes.readUInt16BE(HEADER_SIZE - 2) - 1, HEADER_SIZE - 2);
  return bytes;
}

/** `message` with one record more. */
export function withTsig(message: Uint8Array, tsig: Tsig): Buffer {
  const bytes = Buffer.concat([message, tsigRecord(tsig)]);
  bytes.writeUInt16BE(bytes.readUInt16BE(HEADER_SIZE - 2) + 1, HEADER_SIZE - 2);
  return bytes;
}

const uint16 = (value: number): Buffer => Buffer.of(value >> 8, value & 255);
const sized = (bytes: Uint8Array): Buffer => Buffer.concat([uint16(bytes.length), bytes]);

/** 48 bits of seconds, 16 of fudge. */
export function timers(time: number, fudge: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(time, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}
