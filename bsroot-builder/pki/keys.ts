/** Makes private keys off the main loop. */
import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import type { KeyKind } from "../../cluster/cluster.ts";

/** How long it must hold: an authority and what signs like one for ten years, everything else until it is renewed. */
export type Strength = "lasting" | "renewed";

/** NIST SP 800-57 part 1, tables 2 and 4: 3072 bits last beyond 2030, and so does P-256. */
const BITS: Readonly<Record<Strength, number>> = { lasting: 3072, renewed: 2048 };

/** PKCS #8, PEM. */
export async function newKey(kind: KeyKind, strength: Strength): Promise<string> {
  const generate = promisify(generateKeyPair);
  const { privateKey } =
    kind === "ecdsa" ? await generate("ec", { namedCurve: "prime256v1" }) : await generate("rsa", { modulusLength: BITS[strength] });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** SubjectPublicKeyInfo, PEM, of a key of either half. */
export const publicOf = (key: string): string => createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
