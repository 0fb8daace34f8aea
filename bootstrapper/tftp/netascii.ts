/** Text as netascii: LF becomes CR LF, and a CR of its own CR NUL. RFC 764 by way of RFC 1350 §1. */
import { type Chunk, type Content, chunk } from "./content.ts";

const CR = 13;
const LF = 10;

export function netascii(text: Uint8Array): Uint8Array {
  const out = new Uint8Array(netasciiLength(text));
  let at = 0;
  for (const byte of text) {
    if (byte === LF) out[at++] = CR;
    out[at++] = byte;
    if (byte === CR) out[at++] = 0;
  }
  return out;
}

function netasciiLength(text: Uint8Array): number {
  let length = text.length;
  for (const byte of text) if (byte === CR || byte === LF) length += 1;
  return length;
}

/** Where a piece of the file begins, and where its translation does. */
interface Piece {
  readonly start: number;
  readonly translated: number;
}
interface Index {
  readonly pieces: readonly Piece[];
  readonly size: number;
}

/** Whoever asks for a file as text makes us read all of it once, not each time. */
const indexes = new WeakMap<object, Promise<Index>>();
/** Translated pieces that one transfer keeps. */
const KEPT = 2;

/** The content as text, translated piece by piece as it is sent. Its size is what will be sent. */
export async function asNetascii(content: Content): Promise<Content> {
  const indexing = indexes.get(content.source) ?? indexOf(content);
  indexes.set(content.source, indexing);
  const { pieces, size } = await indexing.catch((error) => {
    indexes.delete(content.source);
    throw error;
  });
  const kept: Chunk[] = [];
  return {
    size,
    source: {},
    at: (offset) => kept.find(({ start, bytes }) => start <= offset && offset < start + bytes.length),
    async load(offset) {
      const { start, translated } = pieces.findLast((piece) => piece.translated <= offset)!;
      kept.push(chunk(translated, netascii((await pieceAt(content, start)).bytes)));
      if (kept.length > KEPT) kept.shift();
    },
    close: () => content.close(),
  };
}

async function indexOf(content: Content): Promise<Index> {
  const pieces: Piece[] = [];
  let size = 0;
  for (let start = 0; start < content.size; ) {
    const { bytes } = await pieceAt(content, start);
    pieces.push({ start, translated: size });
    size += netasciiLength(bytes);
    start += bytes.length;
  }
  return { pieces, size };
}

async function pieceAt(content: Content, offset: number): Promise<Chunk> {
  for (;;) {
    const piece = content.at(offset);
    if (piece) return piece;
    await content.load(offset);
  }
}
