/** Recognises a public key as sshd reads it from authorized_keys(5), and the private key that must never be here. */
import { Buffer } from "node:buffer";
import { quote } from "./problem.ts";

const TYPES = [
  "ssh-ed25519",
  "ssh-rsa",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
];
const INSTEAD = "write the one line of a file such as ~/.ssh/id_ed25519.pub";

/** Answers the line as written, trimmed. Throws TypeError; its message never repeats key material. */
export function sshKey(text: string): string {
  const line = text.trim();
  if (/PRIVATE KEY/.test(line)) {
    throw new TypeError(
      `this is a PRIVATE KEY, which must never leave its owner: delete it here, count it as stolen and make a new pair; ${INSTEAD}`,
    );
  }
  if (/[\r\n]/.test(line)) throw new TypeError(`several lines are not one key; ${INSTEAD}, and begin a new list item for each key`);

  const words = line.split(/[ \t]+/);
  const at = words.findIndex((word) => TYPES.includes(word));
  if (words.includes("ssh-dss"))
    throw new TypeError(`ssh-dss keys are refused by every current sshd; make a new pair with ssh-keygen -t ed25519 and ${INSTEAD}`);
  if (at < 0) throw new TypeError(`${quote(line.slice(0, 16))} does not begin a public key; ${INSTEAD}`);
  if (typeInside(words[at + 1] ?? "") !== words[at])
    throw new TypeError(`this ${words[at]} key is cut off or only a placeholder; ${INSTEAD}`);
  return line;
}

/** A key's blob begins with its own type as a counted string (RFC 4253 §6.6); the rest must at least be there. */
function typeInside(blob: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob) || blob.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(blob, "base64");
  if (bytes.length < 4) return undefined;
  const length = bytes.readUInt32BE(0);
  return fields(bytes) >= 2 ? bytes.toString("latin1", 4, 4 + length) : undefined;
}

/** How many counted strings fill `bytes` exactly; 0 when they do not. */
function fields(bytes: Buffer): number {
  let offset = 0;
  let count = 0;
  while (offset + 4 <= bytes.length) {
    offset += 4 + bytes.readUInt32BE(offset);
    count++;
  }
  return offset === bytes.length ? count : 0;
}
