/** Published files of hashes, in every form they come in: kubelet.sha256, runc.sha256sum, SHA256SUMS, SHA512SUMS, CHECKSUM, release.json. */
import { inJson, type Named } from "./json-sums.ts";

export class SumsError extends Error {}

export interface Sum {
  /** For node:crypto. */
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

const BY_LENGTH: Readonly<Record<number, Sum["algorithm"]>> = { 64: "sha256", 128: "sha512" };
const HASH = "([0-9a-fA-F]{128}|[0-9a-fA-F]{64})";

/** coreutils writes `hash  name` or `hash *name`, BSD and Fedora write `SHA256 (name) = hash`, dl.k8s.io the hash and nothing else. */
const FORMS: readonly { readonly line: RegExp; readonly name: number; readonly hash: number }[] = [
  { line: new RegExp(`^${HASH} [ *](.+)$`), hash: 1, name: 2 },
  { line: new RegExp(`^SHA(?:256|512) \\((.+)\\) = ${HASH}$`), name: 1, hash: 2 },
];
const ALONE = new RegExp(`^${HASH}$`);

/**
 * What `text` says of `entry`: a file's name, or as much of its path as tells it from others. The longest hash counts when there are several
 * kinds. Throws SumsError.
 */
export function sumOf(text: string, entry: string): Sum {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const found = [...lines.flatMap(named), ...inJson(text)].filter(({ name }) => name === entry || name.endsWith(`/${entry}`));
  const words = lines.filter((line) => line !== "");
  const alone = words.length === 1 && ALONE.test(words[0]!) ? words : [];
  const hashes = [...new Set([...found.map(({ hash }) => hash), ...alone].map((hash) => hash.toLowerCase()))];
  const longest = Math.max(...hashes.map((hash) => hash.length));
  const [hex, other] = hashes.filter((hash) => hash.length === longest);
  if (hex === undefined) throw new SumsError(`names no SHA-256 or SHA-512 of ${entry}; is a proxy or a login page in the way?`);
  if (other !== undefined) throw new SumsError(`names several files ${entry} with different hashes`);
  return { algorithm: BY_LENGTH[hex.length]!, hex };
}

function named(line: string): readonly Named[] {
  return FORMS.flatMap(({ line: form, name, hash }) => {
    const match = form.exec(line);
    return match ? [{ name: match[name]!.replace(/^\.\//, ""), hash: match[hash]! }] : [];
  });
}
