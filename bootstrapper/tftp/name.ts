/** Which file a client means: firmware writes one name in many ways, and some names are attacks. */

export type Name = { readonly path: string } | { readonly because: string };

const MAX_LENGTH = 255;

/** A path below the TFTP root, with forward slashes and without a leading one. Whether it exists, and where links lead, is for whoever opens it. */
export function relativeName(asked: string): Name {
  if (asked.length > MAX_LENGTH) return { because: `the name is longer than ${MAX_LENGTH} characters` };
  if (/\p{Cc}|\ufffd/u.test(asked)) return { because: "the name has control characters" };
  if (/^[a-z]:/i.test(asked)) return { because: "the name begins with a drive letter" };
  if (/%[0-9a-f]{2}/i.test(asked)) return { because: "the name has percent escapes" };
  const parts = asked
    .replace(/^::/, "")
    .split(/[/\\]+/)
    .filter((part) => part !== "" && part !== "."); // Windows loaders write backslashes, PXE menus a leading slash; PXELINUX means our root by ::
  if (parts.includes("..")) return { because: "the name climbs out of the folder" };
  if (parts.length === 0 || /[/\\]$/.test(asked)) return { because: "the name names no file" };
  return { path: parts.join("/") };
}

/** The same without a first folder that is named for a machine: a Raspberry Pi asks below its serial number or MAC, other loaders below a UUID. */
export function withoutOwnFolder(path: string): string | undefined {
  const [, rest] =
    /^(?:[0-9a-f]{8}|(?:[0-9a-f]{2}[-:]){5}[0-9a-f]{2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(.+)$/i.exec(path) ?? [];
  return rest;
}

/** A client's words as a log may show them: short, printable. */
export function shown(words: string): string {
  const plain = words.replace(/[^\x20-\x7e]/g, "?");
  return plain.length > 100 ? `${plain.slice(0, 100)}...` : plain;
}
