/** Our side of TSIG: every answer to a signed message is signed, in the order in which the messages leave. RFC 8945 §5.3. */
import { ERRORS, type Key, macOf, type Tsig, timers, tsigRecord, withTsig } from "./tsig.ts";
import type { Verdict } from "./verify.ts";

/** Seconds; RFC 8945 §10 recommends it. */
const FUDGE = 300;

/** Signs one message after another; the first proves that it answers the request, each further one that it follows the one before. */
export class Signer {
  readonly #key: Key;
  readonly #now: () => number;
  #prior: Uint8Array;
  #first = true;

  /** `now`: seconds since 1970. */
  constructor(key: Key, request: Tsig, now: () => number) {
    this.#key = key;
    this.#prior = request.mac;
    this.#now = now;
  }

  sign(message: Uint8Array): Buffer {
    const unsigned = fields(this.#key, message, this.#now());
    const mac = macOf(this.#key, { prior: this.#prior, message, tsig: unsigned, timersOnly: !this.#first });
    this.#prior = mac;
    this.#first = false;
    return withTsig(message, { ...unsigned, mac });
  }

  /** Bytes that a signature takes. */
  get size(): number {
    const mac = Buffer.alloc(64);
    return tsigRecord({ ...fields(this.#key, Buffer.alloc(2), 0), mac }).length;
  }
}

/** The answer to a message whose signature is wrong, with the reason in it. RFC 8945 §5.3.2. */
export function signRefusal(message: Uint8Array, verdict: Verdict & { readonly signed: "ill" }, now: number): Buffer {
  const { tsig, key, error } = verdict;
  const other = error === ERRORS.badTime ? timers(now, 0).subarray(0, 6) : Buffer.alloc(0);
  const time = error === ERRORS.badTime ? tsig.time : now;
  const unsigned = { key: tsig.key, algorithm: tsig.algorithm, time, fudge: tsig.fudge, originalId: idOf(message), error, other };
  const mac = key ? macOf(key, { prior: tsig.mac, message, tsig: unsigned }) : Buffer.alloc(0);
  return withTsig(message, { ...unsigned, mac });
}

const fields = (key: Key, message: Uint8Array, time: number): Omit<Tsig, "mac"> => ({
  key: key.name.toLowerCase(),
  algorithm: key.algorithm,
  time,
  fudge: FUDGE,
  originalId: idOf(message),
  error: ERRORS.none,
  other: Buffer.alloc(0),
});

const idOf = (message: Uint8Array): number => (message[0]! << 8) | message[1]!;
