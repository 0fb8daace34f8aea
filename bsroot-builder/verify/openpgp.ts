/** Checks a detached OpenPGP signature over bytes that only pass by: hashed with node:crypto, judged by openpgp.js. */
import type { Hash } from "node:crypto";
import { createMessage, enums, type Key, readKeys, readSignature, type Signature, type SignaturePacket, verify } from "openpgp";

export class SignatureError extends Error {}

/** A signature that says how the bytes must be hashed, and then whether they are the signed ones. */
export interface Expected {
  /** For node:crypto. */
  readonly algorithm: string;
  /** Throws SignatureError unless `hash`, fed with the bytes, is what a key that was valid then has signed. Uses `hash` up. */
  check(hash: Hash, now: Date): Promise<void>;
}

/**
 * `signature` and `keys` are armored or binary. `fingerprint` (hex) names the primary key, or the one subkey, that must have signed.
 * Throws SignatureError.
 */
export async function expectSignature(signature: Uint8Array, keys: Uint8Array, fingerprint: string): Promise<Expected> {
  const key = await pinnedKey(keys, fingerprint);
  const parsed = await parseSignature(signature);
  const [packet] = [...parsed.packets]
    .filter(({ issuerKeyID }) => key.getKeys(issuerKeyID).length > 0)
    .sort((a, b) => Number(b.created) - Number(a.created)); // a file signed anew after a change of keys
  if (!packet) {
    const signers = parsed.packets.map(({ issuerKeyID }) => issuerKeyID.toHex().toUpperCase()).join(", ");
    throw new SignatureError(`is signed by ${signers}, not by a key of ${fingerprint}`);
  }
  const signer = key.getKeys(packet.issuerKeyID)[0]!.getFingerprint();
  if (!same(fingerprint, key.getFingerprint()) && !same(fingerprint, signer)) {
    throw new SignatureError(`is signed by ${signer.toUpperCase()}, but only ${fingerprint} may sign it`);
  }
  return {
    algorithm: hashName(packet),
    check: (hash, now) => judge(packet, parsed, key, hash, now),
  };
}

async function pinnedKey(file: Uint8Array, fingerprint: string): Promise<Key> {
  const found = await readAllKeys(file).catch((error: Error) => {
    throw new SignatureError(`the key file cannot be read: ${error.message}`);
  });
  const key = found.find((one) => one.getKeys().some((part) => same(part.getFingerprint(), fingerprint)));
  if (!key) {
    const present = found.map((one) => one.getFingerprint().toUpperCase()).join(", ");
    const wayOut = "if the signer has a new key, check it by another way first";
    throw new SignatureError(`the key file holds ${present}, not the expected ${fingerprint}; ${wayOut}`);
  }
  return key;
}

/** Armored key files may be several blocks, one after the other; openpgp.js reads the first. */
async function readAllKeys(file: Uint8Array): Promise<readonly Key[]> {
  if (!isArmored(file)) return readKeys({ binaryKeys: file });
  const blocks = new TextDecoder().decode(file).split(/(?=^-----BEGIN PGP PUBLIC KEY BLOCK-----)/m);
  const keys = blocks.filter((block) => block.startsWith("-----BEGIN")).map((block) => readKeys({ armoredKeys: block }));
  return (await Promise.all(keys)).flat();
}

const isArmored = (file: Uint8Array): boolean => /^-----BEGIN PGP /m.test(new TextDecoder("latin1").decode(file.subarray(0, 4096)));

async function parseSignature(bytes: Uint8Array): Promise<Signature> {
  try {
    return await (isArmored(bytes)
      ? readSignature({ armoredSignature: new TextDecoder().decode(bytes) })
      : readSignature({ binarySignature: bytes }));
  } catch (error) {
    throw new SignatureError(`the signature cannot be read: ${(error as Error).message}`);
  }
}

/**
 * openpgp.js would keep the whole file in memory. A signature packet whose `hashed` is set is judged by that digest instead; should a later
 * openpgp.js stop looking there, it would hash the empty message below and refuse everything.
 */
async function judge(packet: SignaturePacket, signature: Signature, key: Key, hash: Hash, now: Date): Promise<void> {
  (packet as SignaturePacket & { hashed: Uint8Array }).hashed = Uint8Array.from(hash.update(trailer(packet)).digest());
  const { signatures } = await verify({
    message: await createMessage({ binary: new Uint8Array() }),
    signature,
    verificationKeys: key,
    date: now,
  });
  const verdict = signatures[signature.packets.indexOf(packet)];
  try {
    await verdict?.verified;
  } catch (error) {
    throw new SignatureError(await explain(error as Error, packet, key));
  }
  if (!verdict) throw new SignatureError("the signature was not judged");
}

/** What is hashed behind the bytes (RFC 9580 §5.2.4). */
function trailer(packet: SignaturePacket): Uint8Array {
  const data = packet.signatureData ?? new Uint8Array();
  const end = Buffer.alloc(6);
  end.writeUInt8(packet.version, 0);
  end.writeUInt8(0xff, 1);
  end.writeUInt32BE(data.length, 2);
  return Buffer.concat([data, end]);
}

const HASHES = new Map<number, string>([
  [enums.hash.sha256, "sha256"],
  [enums.hash.sha384, "sha384"],
  [enums.hash.sha512, "sha512"],
]);

function hashName(packet: SignaturePacket): string {
  const name = HASHES.get(packet.hashAlgorithm ?? -1);
  const plain = packet.signatureType === enums.signature.binary && packet.version === 4;
  if (!name || !plain) {
    throw new SignatureError(
      "the signature is of a kind we do not accept; it must be a version 4 binary signature over SHA-256, SHA-384 or SHA-512",
    );
  }
  return name;
}

async function explain(error: Error, packet: SignaturePacket, key: Key): Promise<string> {
  const message = error.message;
  const made = packet.created?.toISOString().slice(0, 10) ?? "an unknown day";
  if (/digest did not match|verification failed/i.test(message)) return "the bytes are not the ones that were signed";
  if (/in the future/i.test(message)) return `the signature is of ${made}, which is in the future; is this computer's clock right?`;
  if (/expired/i.test(message)) {
    return `the signature is of ${made}, when the key ${key.getFingerprint().toUpperCase()} or its subkey had expired; look for a fresh key of the signer`;
  }
  return `the signature of ${made} does not hold: ${message}`;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.replaceAll(" ", "").toLowerCase();
