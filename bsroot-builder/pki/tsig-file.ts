/** A TSIG key's file, as `tsig-keygen` writes it, and as the bootstrapper, `nsupdate -k` and named read it. */
import type { TsigKey } from "../../cluster/cluster.ts";

export type TsigAlgorithm = TsigKey["algorithm"];

/** Bytes of a secret: as many as the hash has, more adds nothing (RFC 2104 §3). */
export const TSIG_SECRET_LENGTH: Readonly<Record<TsigAlgorithm, number>> = { "hmac-sha256": 32, "hmac-sha384": 48, "hmac-sha512": 64 };

/** `secret` in base64. */
export interface TsigSecret {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: string;
}

export const formatTsigKey = ({ name, algorithm, secret }: TsigSecret): string =>
  `key "${name}" {\n\talgorithm ${algorithm};\n\tsecret "${secret}";\n};\n`;

const WORD = '"?([^\\s";{}]+)"?';
const SHAPE = new RegExp(`^\\s*key\\s+${WORD}\\s*\\{\\s*algorithm\\s+${WORD}\\s*;\\s*secret\\s+${WORD}\\s*;\\s*\\}\\s*;?\\s*$`, "i");
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** undefined when `text` is no such file. A name comes in lower case and without its last dot. */
export function parseTsigKey(text: string): TsigSecret | undefined {
  const [, name = "", algorithm = "", secret = ""] = SHAPE.exec(text) ?? [];
  const known = Object.keys(TSIG_SECRET_LENGTH).find((one) => one === algorithm.toLowerCase().replace(/\.$/, ""));
  if (!known || name === "" || secret === "" || !BASE64.test(secret)) return undefined;
  return { name: name.toLowerCase().replace(/\.$/, ""), algorithm: known as TsigAlgorithm, secret };
}
