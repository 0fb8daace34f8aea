/** YAML text -> plain values that remember where they were written; refuses what could eat the memory. */
import { type Document as Composed, Composer, isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, Parser } from "yaml";
import type { Finding, Path } from "./problem.ts";

/** Every single value stays the text that was written (YAML's own guesses make 1.30 of a version 1.3 and of a MAC a number). Nothing is null. */
export type Value = string | null | Value[] | Block;
export interface Block {
  [field: string]: Value;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface Document {
  readonly value: Value;
  /** Where `path` is written, or as much of it as exists. */
  at(path: Path, aboutName?: true): Position;
}

export type Reading =
  | { readonly ok: true; readonly document: Document; readonly findings: readonly Finding[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** A mistake in the YAML itself, before there are paths. */
export interface Mistake extends Position {
  readonly message: string;
}

/** A thousand machines fit four times. */
export const LARGEST_FILE = 1_000_000;
/** Values after all aliases are followed. */
const MOST_VALUES = 100_000;
const DEEPEST = 24;
const START: Position = { line: 1, column: 1 };

export function readDocument(text: string): Reading {
  if (text.length > LARGEST_FILE)
    return refuse(`has ${text.length} characters; write at most ${LARGEST_FILE} (is it really a cluster description?)`);

  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return line > 0 ? { line, column: col } : START;
  };
  const tokens = new Parser(lines.addNewLine).parse(text);
  // `failsafe` knows strings only; keys are compared here because the library does so in quadratic time.
  const composer = new Composer({ schema: "failsafe", customTags: ["null"], uniqueKeys: false, prettyErrors: false });
  const [composed, second] = [...composer.compose(tokens, true, text.length)];

  const errors = [...(composed?.errors ?? []), ...(composed?.warnings ?? [])];
  const exhausted = errors.find((error) => error.code === "RESOURCE_EXHAUSTION");
  if (exhausted) return { ok: false, mistakes: [{ ...position(exhausted.pos[0]), message: TOO_DEEP }] };
  if (errors.length > 0) {
    return { ok: false, mistakes: errors.map((error) => ({ ...position(error.pos[0]), message: sentence(error.code, error.message) })) };
  }
  if (second) {
    const message = "a second document begins here; write one description per file, without a line of ---";
    return { ok: false, mistakes: [{ ...position(second.range[0]), message }] };
  }
  return convert(composed!, position);
}

const refuse = (message: string): Reading => ({ ok: false, mistakes: [{ ...START, message }] });
const TOO_DEEP = `lists and blocks are nested more than ${DEEPEST} levels deep; write them as the starter description does`;

function convert(composed: Composed.Parsed, position: (offset: number) => Position): Reading {
  const mistakes: Mistake[] = [];
  const findings: Finding[] = [];
  const marks = new WeakMap<object, Map<string | number, Mark>>();
  const anchors = new Map<string, Counted>();
  let followed = 0;
  const mistake = (offset: number, message: string) => mistakes.push({ ...position(offset), message });

  function value(node: unknown, path: Path): Counted {
    if (path.length > DEEPEST) {
      mistake(start(node), TOO_DEEP);
      return NOTHING;
    }
    if (isAlias(node)) return follow(node.source, start(node));
    const made = isMap(node) ? block(node.items, path) : isSeq(node) ? list(node.items, path) : single(node);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) anchors.set(node.anchor, made);
    return made;
  }

  function follow(name: string, offset: number): Counted {
    const target = anchors.get(name);
    if (!target) {
      mistake(offset, `*${name} has no anchor before it; write &${name} at the value it should repeat`);
      return NOTHING;
    }
    followed += target.size;
    if (followed > MOST_VALUES) {
      if (followed - target.size <= MOST_VALUES)
        mistake(offset, `aliases such as *${name} repeat more than ${MOST_VALUES} values; write fewer of them`);
      return NOTHING;
    }
    return target;
  }

  function list(items: readonly unknown[], path: Path): Counted {
    const made: Value[] = [];
    const places = new Map<string | number, Mark>();
    marks.set(made, places);
    let size = 1;
    for (const [index, item] of items.entries()) {
      const read = value(item, [...path, index]);
      places.set(index, { value: start(item) });
      made.push(read.value);
      size += read.size;
    }
    return { value: made, size };
  }

  function block(items: readonly Pair[], path: Path): Counted {
    const made: Block = Object.create(null);
    const places = new Map<string | number, Mark>();
    marks.set(made, places);
    const merged: Counted[] = [];
    let size = 1;
    for (const { key, value: node } of items) {
      if (!isScalar(key) || typeof key.value !== "string") {
        mistake(start(key, start(node)), "this is not a field's name; write a plain word before the colon");
        continue;
      }
      const read = value(node, [...path, key.value]);
      size += read.size;
      const before = places.get(key.value);
      if (key.value === "<<") merged.push(read);
      else if (before)
        findings.push({
          path: [...path, key.value],
          message: `is written twice, here and on line ${position(before.key ?? before.value).line}; keep one of them`,
        });
      else {
        places.set(key.value, { key: start(key), value: start(node, start(key)) });
        if (read.value !== null) made[key.value] = read.value;
      }
    }
    for (const one of merged.flatMap(({ value }) => (Array.isArray(value) ? value : [value]))) merge(one, made, places, path);
    return { value: made, size };
  }

  /** `<<: *name` lends its fields to a block that does not have them. */
  function merge(from: Value, into: Block, places: Map<string | number, Mark>, path: Path) {
    if (from === null || typeof from === "string" || Array.isArray(from)) {
      findings.push({ path, message: "<< does not name a block; write the alias of one, as in <<: *name" });
      return;
    }
    for (const [field, mark] of marks.get(from) ?? []) {
      if (places.has(field)) continue;
      places.set(field, mark);
      const lent = from[field];
      if (lent !== undefined) into[field] = lent;
    }
  }

  const root = value(composed.contents, []);
  if (mistakes.length > 0) return { ok: false, mistakes };
  if (root.value === null) return refuse("the file is empty; write a description (bsroot-builder init writes one to start from)");
  const first = start(composed.contents);
  return {
    ok: true,
    document: { value: root.value, at: (path, aboutName) => position(locate(root.value, path, marks, aboutName) ?? first) },
    findings,
  };
}

/** A value and how many values it holds once aliases are followed. */
interface Counted {
  readonly value: Value;
  readonly size: number;
}
interface Mark {
  readonly key?: number;
  readonly value: number;
}
const NOTHING: Counted = { value: null, size: 1 };

const single = (node: unknown): Counted => ({ value: isScalar(node) && node.value !== null ? String(node.value) : null, size: 1 });

const start = (node: unknown, otherwise = 0): number =>
  (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range ? node.range[0] : otherwise;

/** The offset of the last step of `path` that exists: of the value when it is the whole path, else of the field's name. */
function locate(root: Value, path: Path, marks: WeakMap<object, Map<string | number, Mark>>, aboutName?: true): number | undefined {
  let here: Value | undefined = root;
  let found: Mark | undefined;
  for (const step of path) {
    const mark: Mark | undefined = typeof here === "object" && here !== null ? marks.get(here)?.get(step) : undefined;
    if (!mark) return found && (found.key ?? found.value);
    found = mark;
    here = Array.isArray(here) ? here[Number(step)] : typeof here === "object" && here !== null ? here[step] : undefined;
  }
  return found && (aboutName || here === undefined ? (found.key ?? found.value) : found.value);
}

/** The YAML library's errors in words that say what to write. */
const SENTENCES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "this line is indented with a tab; write spaces",
  BAD_INDENT: "this line is indented differently from its neighbours; write the same number of spaces for fields of the same block",
  MISSING_CHAR: "something is missing here, perhaps a closing quote or bracket or the colon after a field's name; write it",
  BLOCK_AS_IMPLICIT_KEY: "there is a second field on this line; write each field on a line of its own, or quote a value that holds a colon",
  MULTILINE_IMPLICIT_KEY: "a line without a colon stands among fields; write field: value",
  BAD_SCALAR_START: "a value may not begin with this character; write it in quotes",
  BAD_ALIAS: "this alias or anchor is not well formed; write &name or *name, or quote the value",
  TAG_RESOLVE_FAILED: "tags such as !!int are not used in a description; write the value alone",
  IMPOSSIBLE: "this can not be read as YAML; write it as in the starter description",
};
const sentence = (code: string, message: string): string =>
  SENTENCES[code] ??
  `this can not be read as YAML (${message.split("\n")[0]!.replace(/[:.]\s*$/, "")}); write it as in the starter description`;
