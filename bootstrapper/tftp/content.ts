/** What a client is sent, in pieces that are in memory or can be brought there. */
import { kernel } from "../wire/kernel.ts";
import { type Lump, lump } from "../wire/volley.ts";
import type { ErrorCode } from "./packet.ts";

/** A piece of a file, in memory once for all who fetch it. */
export interface Chunk extends Lump {
  /** Where in the file it begins. */
  readonly start: number;
}

export interface Content {
  /** Bytes. */
  readonly size: number;
  /** The same object for all contents that are the same bytes. */
  readonly source: object;
  /** The piece with this byte, if it is in memory; `offset` is below `size`. */
  at(offset: number): Chunk | undefined;
  /** Brings that piece into memory. Rejects when it cannot be had, or is no longer what it was. */
  load(offset: number): Promise<void>;
  /** To be called once. */
  close(): void;
}

export type Found = { readonly content: Content } | Refused;
export interface Refused {
  readonly code: ErrorCode;
  readonly because: string;
}

export const chunk = (start: number, bytes: Uint8Array): Chunk => ({ start, ...lump(kernel, bytes) });

/** A text made for one client. Whatever `allow` answers is waited for before its first byte leaves. */
export function textContent(text: string, allow?: () => Promise<void>): Content {
  const only = chunk(0, Buffer.from(text));
  let allowed = allow === undefined;
  return {
    size: only.bytes.length,
    source: only,
    at: () => (allowed ? only : undefined),
    load: async () => {
      await allow?.();
      allowed = true;
    },
    close: () => {},
  };
}

/** The first byte of these that must be brought into memory; undefined when all are there. */
export function missing(content: Content, from: number, to: number): number | undefined {
  for (let at = from; at < to; ) {
    const piece = content.at(at);
    if (!piece) return at;
    at = piece.start + piece.bytes.length;
  }
  return undefined;
}
