/** Makes RSA keys off the main loop; RSA because everything that must read them does, old firmware and node-forge included. */
import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

/** 3072 bits for what must last ten years, 2048 for what is renewed (NIST SP 800-57 part 1, table 2 and 4). */
export type Bits = 2048 | 3072;

/** PKCS #8, PEM. */
export async function newKey(bits: Bits): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: bits });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** SubjectPublicKeyInfo, PEM. */
export const publicOf = (privateKey: string): string => createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
