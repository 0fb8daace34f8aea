/** A TSIG key's secret from the file that nsupdate -k, dig -k and named read: key "name" { algorithm hmac-sha256; secret "base64"; }; */
import type { TsigKey } from "../../../cluster/cluster.ts";
import type { Key } from "./tsig.ts";

/** A key file that does not hold the key it should: says which and what to do, and never what is in it. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

const BUILD = "build the bsroot again";

/** Throws KeyFileError. `path` is for its message. */
export function readKey(text: string, key: TsigKey, path: string): Key {
  const plain = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)(#|\/\/).*$/gm, ""); // base64 has slashes too
  const [, name = "", body = ""] = /^\s*key\s+"?([^"\s{]+)"?\s*\{([^}]*)\}\s*;?\s*$/.exec(plain) ?? [];
  if (name.replace(/\.$/, "").toLowerCase() !== key.name.toLowerCase())
    throw new KeyFileError(`${path}: holds ${name ? `the key ${name}` : "no key"} instead of ${key.name}; ${BUILD}`);
  const algorithm = /\balgorithm\s+"?([\w.-]+?)\.?"?\s*;/.exec(body)?.[1]?.toLowerCase();
  if (algorithm !== key.algorithm)
    throw new KeyFileError(`${path}: its algorithm is ${algorithm ?? "not said"} instead of ${key.algorithm}; ${BUILD}`);
  const encoded = /\bsecret\s+"?([A-Za-z0-9+/=]+)"?\s*;/.exec(body)?.[1] ?? "";
  const secret = Buffer.from(encoded, "base64");
  if (secret.length < 16) throw new KeyFileError(`${path}: its secret has less than 16 bytes; ${BUILD}`);
  return { ...key, secret };
}
