/** Tokens as the network shows them and hashes as we keep them; comparing takes the same time for every wrong one. */
import { createHash, timingSafeEqual } from "node:crypto";

/** SHA-256, lower-case hex. */
export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

export function matches(token: string | undefined, hash: string | undefined): boolean {
  if (token === undefined || hash === undefined || !/^[0-9a-f]{64}$/i.test(hash)) return false;
  return timingSafeEqual(Buffer.from(hashOf(token), "hex"), Buffer.from(hash, "hex"));
}

/** The token of an Authorization header. RFC 6750 §2.1; the scheme is case-insensitive (RFC 9110 §11.1). */
export const bearer = (header: string | undefined): string | undefined => /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header ?? "")?.[1];
