/** Whether a message was written by somebody who has a key, and just now. RFC 8945 §5.2, whose order of checks this is. */
import { timingSafeEqual } from "node:crypto";
import { WireError } from "../../wire/error.ts";
import type { Place } from "../survey.ts";
import { ERRORS, type Key, MAC_SIZES, macOf, readTsig, type Tsig, withoutTsig } from "./tsig.ts";

/** By name, in lower case. */
export type Keys = ReadonlyMap<string, Key>;

export type Verdict =
  | { readonly signed: "well"; readonly key: Key; readonly tsig: Tsig }
  /** `key` is there when the answer may be signed all the same (RFC 8945 §5.3.2). */
  | { readonly signed: "ill"; readonly error: number; readonly key?: Key; readonly tsig: Tsig; readonly because: string };

/** `now`: seconds since 1970. Throws WireError when the record is malformed: then the message is. */
export function verify(message: Uint8Array, place: Place, keys: Keys, now: number): Verdict {
  const tsig = readTsig(message, place);
  const key = keys.get(tsig.key);
  const ill = (error: number, because: string, signer?: Key): Verdict => ({
    signed: "ill",
    error,
    tsig,
    because,
    ...(signer && { key: signer }),
  });
  if (!key) return ill(ERRORS.badKey, `there is no key ${tsig.key}`);
  if (key.algorithm !== tsig.algorithm) return ill(ERRORS.badKey, `the key ${key.name} is for ${key.algorithm}, not ${tsig.algorithm}`);

  // RFC 8945 §5.2.2.1
  const whole = MAC_SIZES[key.algorithm];
  const size = tsig.mac.length;
  if (size > whole || size < Math.max(10, whole / 2)) throw new WireError("dns", `a TSIG code of ${size} bytes`);
  const expected = macOf(key, { message: withoutTsig(message, place, tsig.originalId), tsig });
  if (!timingSafeEqual(expected.subarray(0, size), tsig.mac)) return ill(ERRORS.badSig, `it was not signed with the key ${key.name}`);

  const off = Math.abs(now - tsig.time);
  if (off > tsig.fudge) return ill(ERRORS.badTime, `its clock differs from ours by ${off} s, and it allows ${tsig.fudge} s`, key);
  if (size < whole) return ill(ERRORS.badTrunc, `its code is cut to ${size} of ${whole} bytes`, key); // §5.2.4
  return { signed: "well", key, tsig };
}
