/** A mistake in a cluster description: where it is, what is wrong and what to write instead. */

/** A step into a list is a number, a step into a block is a field's name. */
export type Path = readonly (string | number)[];

/** What a parser or a check found, before anybody looked up where the path is in the file. */
export interface Finding {
  readonly path: Path;
  /** "what is wrong; what to write instead" */
  readonly message: string;
  /** It is the field's name that is wrong, not what stands behind it. */
  readonly aboutName?: true;
  /** The description can be used as it is. */
  readonly warning?: true;
}

export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** "machines[2].mac"; empty when it is about the whole file. */
  readonly path: string;
  /** "what is wrong; what to write instead" */
  readonly message: string;
}

/** One line: `cluster-desc.yml:12:10: machines[2].mac: "52:54:00" is not a MAC address; write six pairs, as in 52:54:00:12:34:56`. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}: ${path && `${path}: `}${message}`;
}

/** ["machines", 2, "mac"] -> "machines[2].mac" */
export function formatPath(path: Path): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === "number") return `${before}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${before}[${quote(step)}]`;
    return before ? `${before}.${step}` : step;
  }, "");
}

/** Text from a file, made safe for a terminal: in quotes, on one line, nothing that does not show, not endless. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text).replace(UNSEEN, "?");
}

/** Messages may hold what somebody wrote; they must stay one line that shows nothing but text. */
export function oneLine(message: string): string {
  const clean = message.slice(0, 500).replace(/\s+/g, " ").replace(UNSEEN, "");
  return clean.length > 400 ? `${clean.slice(0, 400)}...` : clean;
}

/** Control and format characters, which can turn text around, and halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
