/** OpenPGP keys and detached signatures like those that operating systems are published with. */
import { createMessage, generateKey, type KeyID, type PrivateKey, reformatKey, sign } from "openpgp";

export interface Signer {
  /** Armored, public. */
  readonly publicKey: string;
  /** Hex, upper case. */
  readonly primary: string;
  readonly subkey: string;
  /** Detached and binary, as flatcar_production_image.bin.bz2.sig is. `at` defaults to now. */
  sign(bytes: Uint8Array, at?: Date): Promise<Uint8Array>;
  signWithPrimary(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface KeyOptions {
  readonly type?: "rsa" | "ecc";
  readonly made?: Date;
  /** Seconds after `made` at which the published key ends; its owner goes on signing all the same. */
  readonly life?: number;
}

const userIDs = [{ name: "Image Signing", email: "images@example.com" }];

/** A primary key that certifies and one subkey that signs, as Flatcar has them. */
export async function newSigner({ type = "ecc", made = new Date(Date.now() - 3600_000), life }: KeyOptions = {}): Promise<Signer> {
  const { privateKey } = await generateKey({
    ...(type === "rsa" ? { type, rsaBits: 2048 } : { type }),
    userIDs,
    subkeys: [{ sign: true }],
    date: made,
    format: "object",
  });
  const published = life === undefined ? privateKey : (await reformatted(privateKey, made, life)).privateKey;
  return {
    publicKey: published.toPublic().armor(),
    primary: privateKey.getFingerprint().toUpperCase(),
    subkey: privateKey.subkeys[0]!.getFingerprint().toUpperCase(),
    sign: (bytes, at = new Date()) => detached(privateKey, privateKey.subkeys[0]!.getKeyID(), bytes, at),
    signWithPrimary: (bytes) => detached(privateKey, privateKey.getKeyID(), bytes, new Date()),
  };
}

const reformatted = (privateKey: PrivateKey, date: Date, keyExpirationTime: number) =>
  reformatKey({ privateKey, userIDs, date, keyExpirationTime, format: "object" });

async function detached(key: PrivateKey, signingKeyIDs: KeyID, bytes: Uint8Array, date: Date): Promise<Uint8Array> {
  const message = await createMessage({ binary: bytes });
  return sign({ message, signingKeys: key, signingKeyIDs, detached: true, format: "binary", date });
}
