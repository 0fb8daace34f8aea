/** The two lists of an UPDATE message, as values: what must be so, and what shall be. RFC 2136 §2.4, §2.5. */

import type { Query } from "../message.ts";
import { nameText, readName } from "../name.ts";
import { CLASSES } from "../numbers.ts";
import { readData } from "../rdata.ts";
import type { Place } from "../survey.ts";

export interface Entry {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Uint8Array;
}

export interface Update {
  readonly zone: string;
  readonly prerequisites: readonly Entry[];
  readonly updates: readonly Entry[];
}

/** Throws WireError. */
export function readUpdate({ name, message, places }: Query): Update {
  const entries = (section: Place["section"]): readonly Entry[] =>
    places.filter((place) => place.section === section).map((place) => readEntry(message, place));
  return { zone: name, prerequisites: entries("answer"), updates: entries("authority") };
}

function readEntry(message: Uint8Array, { at, end, type, class: class_, ttl, data }: Place): Entry {
  const name = nameText(readName(message, at).wire);
  // A class that says "any" or "none" may come without data, whatever the type.
  const whole = class_ === CLASSES.IN || data.length > 0 ? readData(message, type, end - data.length, data.length) : data;
  return { name, type, class: class_, ttl, data: whole };
}
