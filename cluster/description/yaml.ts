/** Text -> YAML nodes with their offsets, or what is wrong with it as YAML, in words that say what to write. */
import { Composer, type ParsedNode, Parser } from "yaml";
import type { Path } from "./problem.ts";

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

export interface Mistake extends Position {
  readonly path: Path;
  /** "what is wrong; what to write instead" */
  readonly message: string;
}

export type Composed =
  | { readonly ok: true; readonly contents: ParsedNode | null; position(offset: number): Position }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Characters; a thousand machines fit four times. */
export const LARGEST_FILE = 1_000_000;

/** What follows from one slip in YAML fills pages. */
const MOST_ERRORS = 20;

export function compose(text: string): Composed {
  if (text.length > LARGEST_FILE) {
    return refuse(`has ${text.length} characters, too many for a cluster description; write at most ${LARGEST_FILE}`);
  }
  const lines = lineStarts(text);
  const position = (offset: number): Position => {
    const before = Math.min(offset, text.length);
    const line = countUpTo(lines, before);
    return { line, column: before - lines[line - 1]! + 1 };
  };
  const tokens = [...new Parser().parse(text)];
  // What a reader of UTF-8 puts where the bytes were something else.
  const garbled = text.indexOf("\ufffd");
  if (garbled >= 0)
    return { ok: false, mistakes: [{ ...position(garbled), path: [], message: "this is not UTF-8; save the file as UTF-8" }] };
  // `failsafe` makes strings of everything. Equal keys are looked for in document.ts: the library does it in quadratic time.
  const composer = new Composer({
    schema: "failsafe",
    customTags: ["null"],
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const [document, second] = [...composer.compose(tokens, true, text.length)];

  const errors = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  const mistake = (offset: number, message: string): Mistake => ({ ...position(offset), path: [], message });
  const exhausted = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (exhausted) return { ok: false, mistakes: [mistake(exhausted.pos[0], TOO_DEEP)] };
  if (errors.length > 0)
    return {
      ok: false,
      mistakes: errors.slice(0, MOST_ERRORS).map(({ pos, code, message }) => mistake(pos[0], SENTENCES[code] ?? otherwise(message))),
    };
  if (second) {
    return {
      ok: false,
      mistakes: [mistake(second.range[0], "a second document begins here; write one description per file, without a line of ---")],
    };
  }
  return { ok: true, contents: document?.contents ?? null, position };
}

/** Offsets; the library's own counter misses lines behind a mistake. */
const lineStarts = (text: string): readonly number[] => [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];

/** How many of the rising `starts` are at or before `offset`. */
function countUpTo(starts: readonly number[], offset: number): number {
  let least = 0;
  let most = starts.length;
  while (least < most) {
    const middle = (least + most) >> 1;
    if (starts[middle]! <= offset) least = middle + 1;
    else most = middle;
  }
  return least;
}

export const refuse = (message: string): { readonly ok: false; readonly mistakes: readonly Mistake[] } => ({
  ok: false,
  mistakes: [{ ...START, path: [], message }],
});

const START: Position = { line: 1, column: 1 };

export const TOO_DEEP = "lists and blocks are nested too deeply; write them as the starter description does";

/** By the library's error codes. */
const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "this line is indented with a tab; write spaces",
  BAD_INDENT: "this line is indented differently from its neighbours; write the same number of spaces before fields of one block",
  MISSING_CHAR: "something is missing here: a closing quote or bracket, a comma, or the colon after a field's name; write it",
  BLOCK_AS_IMPLICIT_KEY: "a second field begins on this line; write each on a line of its own, and quote a value that holds a colon",
  MULTILINE_IMPLICIT_KEY: "a line without a colon stands among fields; write field: value",
  BAD_SCALAR_START: "a value may not begin with this character; write it in quotes",
  BAD_ALIAS: "this alias or anchor is not well formed; write &name and *name, or quote the value",
  TAG_RESOLVE_FAILED: "tags such as !!int are not used in a description; write the value alone",
  UNEXPECTED_TOKEN: "this does not belong here; write field: value, and quote a value with special characters",
};
const otherwise = (message: string): string =>
  `this can not be read as YAML (${message
    .split("\n")[0]!
    .replace(/[:.;]\s*$/, "")
    .replaceAll(";", ",")}); write it as in the starter description`;
