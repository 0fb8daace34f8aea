/** What can be fuzzed: something that takes any bytes, good examples of them, and what must hold whatever they are. */
import { isDeepStrictEqual } from "node:util";
import { WireError } from "../../bootstrapper/wire/error.ts";

export interface Target {
  /** Also the name of its folder in corpus/. */
  readonly name: string;
  /** Bytes that reach far into it; the corpus adds to these. */
  seeds(): readonly Uint8Array[];
  /** Throws when something does not hold. */
  check(bytes: Uint8Array): void;
}

/** Bytes: no datagram is longer. */
export const LONGEST = 0xffff;

/** The value, or undefined for bytes that are none; any error but WireError goes on. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

export function same(found: unknown, wanted: unknown, what: string): void {
  if (!isDeepStrictEqual(found, wanted)) throw new Error(`${what}: ${shown(found)} is not ${shown(wanted)}`);
}

const shown = (value: unknown): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString("hex").slice(0, 400) : String(JSON.stringify(value)).slice(0, 400);
