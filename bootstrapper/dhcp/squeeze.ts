/** Options for a client that takes less than we have to say: unused fields hold some, and what finds no place is left out. RFC 2131 §4.1. */
import { END, encodeEach } from "./options.ts";
import type { Packet } from "./packet.ts";

export interface Squeezed {
  /** The options field, with its end mark. */
  readonly rest: Uint8Array;
  /** What the other fields hold instead of text, if they hold options. */
  readonly file?: Uint8Array;
  readonly sname?: Uint8Array;
}

/** RFC 2132 §9.3: the number that says that a field holds options, and how many bytes of them beside an end mark. */
const FIELDS = { file: { says: 1, holds: 127 }, sname: { says: 2, holds: 63 } };
const OVERLOAD = { code: 52, length: 3 };

/**
 * `room`: bytes of the options field. Options are placed in the order of the wire, each where it first fits, so the later an option the sooner
 * it is left out. The file field stays when it names a boot file; sname is given up, because it only repeats what siaddr says.
 */
export function squeeze({ options, bootFile }: Packet, room: number): Squeezed {
  const { said, echoed } = encodeEach(options);
  const rest = new Place(room - 1 - OVERLOAD.length);
  const last = echoed
    .toReversed()
    .filter((option) => rest.reserve(option))
    .toReversed(); // RFC 3046 §2.1: the relay's note is the very last
  const file = new Place(bootFile === "" ? FIELDS.file.holds : 0);
  const sname = new Place(FIELDS.sname.holds);
  for (const option of said) [rest, file, sname].some((place) => place.take(option));

  const overload = (file.used ? FIELDS.file.says : 0) | (sname.used ? FIELDS.sname.says : 0);
  const mark = overload ? [Uint8Array.of(OVERLOAD.code, 1, overload)] : [];
  return {
    rest: ended([...rest.options, ...mark, ...last]),
    ...(file.used && { file: ended(file.options) }),
    ...(sname.used && { sname: ended(sname.options) }),
  };
}

class Place {
  readonly options: Uint8Array[] = [];
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get used(): boolean {
    return this.options.length > 0;
  }

  take(option: Uint8Array): boolean {
    const fits = this.reserve(option);
    if (fits) this.options.push(option);
    return fits;
  }

  reserve({ length }: Uint8Array): boolean {
    if (length > this.#left) return false;
    this.#left -= length;
    return true;
  }
}

const ended = (options: readonly Uint8Array[]): Uint8Array => Uint8Array.from([...options.flatMap((option) => [...option]), END]);
