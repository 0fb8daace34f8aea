/** The Release file of an archive: which release it is, and the hash of every list. https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files */

export interface Release {
  /** "trixie". */
  readonly codename: string;
  /** By path, relative to the Release file. */
  readonly files: ReadonlyMap<string, Listed>;
}
export interface Listed {
  readonly sha256: string;
  readonly size: number;
}

/** Throws TypeError. */
export function readRelease(text: string): Release {
  const codename = /^Codename: ([a-z][a-z0-9.-]*)$/m.exec(text)?.[1];
  const [, block = ""] = /^SHA256:[ \t]*\n((?: .*\n?)*)/m.exec(text) ?? [];
  const lines = [...block.matchAll(/^ ([0-9a-f]{64}) +(\d{1,15}) +(\S+)$/gm)];
  if (codename === undefined || lines.length === 0)
    throw new TypeError("this is no Release file: it names no files with SHA-256; is a proxy or a login page in the way?");
  return { codename, files: new Map(lines.map(([, sha256, size, path]) => [path!, { sha256: sha256!, size: Number(size) }])) };
}
