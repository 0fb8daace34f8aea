/**
 * Domain names as bytes and as text. Text is in lower case, without the last dot; a byte that no host name has is written \DDD,
 * as RFC 4343 §2.1 does, so that a dot in it is always one between labels. "" is the root.
 */
import { WireError } from "../wire/error.ts";

/** RFC 1035 §2.3.4. */
export const NAME_SIZE = 255;
export const LABEL_SIZE = 63;

/** The name that begins at `start`, its pointers followed. `end` is behind what stands at `start` itself. Throws WireError. */
export function readName(bytes: Uint8Array, start: number): { readonly wire: Buffer; readonly end: number } {
  const parts: Uint8Array[] = [];
  let end = -1;
  let size = 1;
  let before = start;
  for (let at = start; ; ) {
    const length = byteAt(bytes, at);
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | byteAt(bytes, at + 1);
      // RFC 1035 §4.1.4: "a prior occurrence"; a pointer that leads back each time arrives.
      if (target >= before) throw new WireError("dns", `the name at ${start} points to ${target}, which is not before it`);
      if (end < 0) end = at + 2;
      before = target;
      at = target;
      continue;
    }
    if (length > LABEL_SIZE) throw new WireError("dns", `the name at ${start} has a label of 0x${length.toString(16)}`);
    if (length === 0) return { wire: Buffer.concat([...parts, Buffer.of(0)]), end: end < 0 ? at + 1 : end };
    size += 1 + length;
    if (size > NAME_SIZE) throw new WireError("dns", `the name at ${start} is longer than ${NAME_SIZE} bytes`);
    if (at + 1 + length > bytes.length) throw new WireError("dns", `it ends inside the name at ${start}`);
    parts.push(bytes.subarray(at, at + 1 + length));
    at += 1 + length;
  }
}

/** `wire` from `from` on is a name without pointers, as readName gives it. */
export function nameText(wire: Uint8Array, from = 0): string {
  let text = "";
  for (let at = from; wire[at]! > 0; ) {
    const end = at + 1 + wire[at]!;
    if (text !== "") text += ".";
    for (at += 1; at < end; at++) text += SPELLED[wire[at]!];
  }
  return text;
}

/** Throws WireError when the text is no name. */
export function nameWire(text: string): Buffer {
  const labels = text === "" ? [] : text.split(".");
  const wire = Buffer.concat([...labels.flatMap((label) => sized(labelBytes(label))), Buffer.of(0)]);
  if (wire.length > NAME_SIZE) throw new WireError("dns", `the name ${text.slice(0, 40)}... is longer than ${NAME_SIZE} bytes`);
  return wire;
}

/** The bytes of one label of a name's text. */
export function labelBytes(label: string): Buffer {
  const plain = label.includes("\\") ? label.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code) & 255)) : label;
  return Buffer.from(plain, "latin1");
}

/** Whether `name` is `zone` or below it. */
export const isWithin = (name: string, zone: string): boolean => name === zone || zone === "" || name.endsWith(`.${zone}`);

/** The name without its first label; undefined for the root. */
export function parent(name: string): string | undefined {
  if (name === "") return undefined;
  const dot = name.indexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1);
}

function sized(label: Buffer): readonly Buffer[] {
  if (label.length === 0 || label.length > LABEL_SIZE)
    throw new WireError("dns", `a label of ${label.length} bytes; it has 1 to ${LABEL_SIZE}`);
  return [Buffer.of(label.length), label];
}

const SPELLED: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
    ? String.fromCharCode(byte).toLowerCase()
    : `\\${String(byte).padStart(3, "0")}`,
);

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new WireError("dns", `it ends inside the name at ${at}`);
  return byte;
}
