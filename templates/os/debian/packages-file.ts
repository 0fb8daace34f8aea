/** A Packages file: every package of one part of an archive. https://wiki.debian.org/DebianRepository/Format#A.22Packages.22_Indices */

export interface Package {
  readonly name: string;
  readonly version: string;
  /** "required", "important", "standard", "optional", "extra". */
  readonly priority: string;
  readonly isEssential: boolean;
  /** Depends and Pre-Depends: of each group one must be there. */
  readonly depends: readonly (readonly Relation[])[];
  /** Names that it stands in for, and as which version. */
  readonly provides: readonly Relation[];
  /** Relative to the archive. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Relation {
  readonly name: string;
  readonly version?: { readonly is: Comparison; readonly to: string };
}

const COMPARISONS = ["<<", "<=", "=", ">=", ">>"] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Throws TypeError. */
export function readPackages(text: string): readonly Package[] {
  const packages = text
    .split(/\n\n+/)
    .filter((stanza) => stanza.trim() !== "")
    .map(readStanza);
  if (packages.length === 0) throw new TypeError("this is no list of packages: it names none; is a proxy or a login page in the way?");
  return packages;
}

/** Most of a stanza is of no interest here; what may go on over several lines is not among what is. */
const FIELD = /^(Package|Version|Priority|Essential|Depends|Pre-Depends|Provides|Filename|Size|SHA256):[ \t]*(.*)$/gm;

function readStanza(stanza: string): Package {
  const fields = new Map([...stanza.matchAll(FIELD)].map(([, name, value]) => [name!, value!.trim()]));
  const name = fields.get("Package") ?? "";
  const [path = "", sha256 = "", size = ""] = ["Filename", "SHA256", "Size"].map((field) => fields.get(field) ?? "");
  if (!/^[a-z0-9][a-z0-9+.-]*$/.test(name)) throw new TypeError(`the list of packages has ${quoted(stanza)}, which is no package`);
  if (!isPlain(path)) throw new TypeError(`the list of packages has ${name} at ${quoted(path)}, which is no plain path`);
  if (!/^[0-9a-f]{64}$/.test(sha256) || !/^\d{1,15}$/.test(size))
    throw new TypeError(`the list of packages has ${name} without its size and SHA-256`);
  return {
    name,
    version: fields.get("Version") ?? "",
    priority: fields.get("Priority") ?? "optional",
    isEssential: fields.get("Essential") === "yes",
    depends: ["Pre-Depends", "Depends"].flatMap((field) => groups(fields.get(field) ?? "")),
    provides: groups(fields.get("Provides") ?? "").flat(),
    path,
    size: Number(size),
    sha256,
  };
}

/** "a (>= 1), b | c:any": https://www.debian.org/doc/debian-policy/ch-relationships.html */
const groups = (field: string): readonly (readonly Relation[])[] =>
  field
    .split(",")
    .filter((group) => group.trim() !== "")
    .map((group) => group.split("|").map(relation));

function relation(text: string): Relation {
  const [, name, is, to] = /^\s*([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s()]+)\s*\))?\s*$/.exec(text) ?? [];
  if (name === undefined) throw new TypeError(`the list of packages has ${quoted(text.trim())} where a package's name should be`);
  return { name, ...(is !== undefined && { version: { is: is as Comparison, to: to! } }) };
}

/** pool/main/g/glibc/libc6_2.36-9+deb12u14_amd64.deb. Never hidden, never upwards. */
const isPlain = (path: string): boolean =>
  path.length <= 300 && !/\.part$/.test(path) && path.split("/").every((part) => /^[A-Za-z0-9][A-Za-z0-9._+~-]*$/.test(part));

const quoted = (text: string): string => JSON.stringify(text.slice(0, 60));
