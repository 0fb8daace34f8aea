/** How a value is written inside another language so that it stays one value: shell, iPXE, JSON, systemd. */

/** A value for a POSIX shell: always in single quotes, inside which nothing is special but the quote itself (POSIX XCU 2.2.2). */
export function shellWord(value: unknown): string {
  const text = scalar(value);
  if (text.includes("\0")) throw new TypeError("a shell value cannot hold a NUL byte");
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Words of an iPXE command. iPXE has no quotes: it splits at blanks, expands ${...} first, and takes ||, && and a leading #
 * as its own, so a value that holds one of these is refused instead of spelled. A list becomes several words.
 */
export function ipxeWord(value: unknown): string {
  if (Array.isArray(value)) return value.map(ipxeWord).join(" ");
  const text = scalar(value);
  if (!/^[!-~]+$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} cannot be a word of an iPXE script: only visible ASCII, no blanks`);
  if (/\$\{|^#|^(\|\||&&|;)$|\\$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} means something to iPXE; leave out \${, ||, && and #`);
  return text;
}

/** A sentence for iPXE's echo: a list of words in which whatever iPXE could take as its own has become a question mark. */
export const ipxeSentence = (text: string): readonly string[] =>
  text
    .replace(/[^A-Za-z0-9.,:'()/_+=@%?!-]/g, (other) => (/\s/.test(other) ? " " : "?"))
    .split(" ")
    .filter((word) => word !== "");

/** JSON, and a TOML basic string just as well (TOML 1.0, "String": same escapes, DEL excepted). */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value);
  if (text.includes("\x7f")) throw new TypeError("a quoted value cannot hold a DEL character");
  return text;
}

/** Words of a kickstart command, which are split like a shell's (pykickstart uses shlex) and need no quotes here. A list becomes several words. */
export function kickstartWord(value: unknown): string {
  if (Array.isArray(value)) return value.map(kickstartWord).join(" ");
  const text = scalar(value);
  if (!/^[A-Za-z0-9._:/@+=,%~-]+$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} cannot be a word of a kickstart; only letters, digits and ._:/@+=,%~-`);
  return text;
}

/** What stands behind a question of a preseed: to the end of its line, unless that is a backslash. A list becomes several words. */
export function preseedText(value: unknown): string {
  if (Array.isArray(value)) return value.map(preseedText).join(" ");
  const text = scalar(value);
  if (!/^[!-~]+$/.test(text) || text.endsWith("\\"))
    throw new TypeError(`${JSON.stringify(text)} cannot stand in a preseed; only visible ASCII, no blanks, no backslash at its end`);
  return text;
}

/** One word of a systemd file, where blanks, quotes, backslashes, % and line ends all have meaning: addresses, names, paths. */
export function lineWord(value: unknown): string {
  const text = scalar(value);
  if (!/^[A-Za-z0-9._:/@+-]+$/.test(text))
    throw new TypeError(`${JSON.stringify(text)} cannot stand in a systemd file; only letters, digits and ._:/@+-`);
  return text;
}

function scalar(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  throw new TypeError(`${JSON.stringify(value)} is not a value a template can write; give a text, a number or a yes/no`);
}
