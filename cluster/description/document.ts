/** YAML nodes -> plain values that remember where they were written, with aliases followed but never multiplied. */
import { isAlias, isMap, isScalar, isSeq, type Pair } from "yaml";
import type { Path } from "./problem.ts";
import { compose, type Mistake, type Position, refuse, TOO_DEEP } from "./yaml.ts";

/**
 * Every word stays the text that was written: YAML's own guesses make 1.3 of a version 1.30 and a number of a MAC.
 * What is not written is undefined, also behind a field's name.
 */
export type Value = string | undefined | Value[] | Block;
export interface Block {
  [field: string]: Value;
}

export interface Document {
  readonly value: Value;
  /** Where `path` is written, or as much of it as exists: its value, or its field's name. */
  at(path: Path, aboutName?: true): Position;
}

export type Reading =
  | { readonly ok: true; readonly document: Document; readonly mistakes: readonly Mistake[] }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Values that aliases may repeat. */
const MOST_REPEATED = 100_000;
const DEEPEST = 24;

export function readDocument(text: string): Reading {
  const composed = compose(text);
  if (!composed.ok) return composed;
  const { contents, position } = composed;
  const conversion = new Conversion(position);
  const { value } = conversion.read(contents, []);
  if (conversion.fatal) return { ok: false, mistakes: conversion.mistakes };
  if (value === undefined) return refuse("the file is empty; write a description (bsroot-builder init writes one to start from)");
  const at = (path: Path, aboutName?: true) => position(conversion.locate(value, path, aboutName) ?? start(contents));
  return { ok: true, document: { value, at }, mistakes: conversion.mistakes };
}

/** A value and how many values it is, aliases followed. */
interface Counted {
  readonly value: Value;
  readonly size: number;
}
const NOTHING: Counted = { value: undefined, size: 1 };

/** Offsets into the text. */
interface Mark {
  readonly name?: number;
  readonly value: number;
}

/** One walk over a document. */
class Conversion {
  readonly mistakes: Mistake[] = [];
  /** There is no value to go on with. */
  fatal = false;
  private readonly marks = new WeakMap<object, Map<string | number, Mark>>();
  private readonly anchors = new Map<string, Counted>();
  private readonly position: (offset: number) => Position;
  private repeated = 0;

  constructor(position: (offset: number) => Position) {
    this.position = position;
  }

  read(node: unknown, path: Path): Counted {
    if (path.length > DEEPEST) return this.refuse(start(node), path, TOO_DEEP);
    if (isAlias(node)) return this.follow(node.source, start(node), path);
    const made = isMap(node) ? this.block(node.items, path) : isSeq(node) ? this.list(node.items, path) : single(node);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) this.anchors.set(node.anchor, made);
    return made;
  }

  /** An alias shares its anchor's value, so a bomb of aliases costs nothing here; whoever walks it later would pay. */
  private follow(name: string, offset: number, path: Path): Counted {
    const target = this.anchors.get(name);
    if (!target)
      return this.refuse(offset, path, `*${name} repeats nothing, as no &${name} stands before it; write &${name} at the value to repeat`);
    const before = this.repeated;
    this.repeated += target.size;
    if (this.repeated <= MOST_REPEATED) return target;
    return before > MOST_REPEATED
      ? NOTHING
      : this.refuse(offset, path, `aliases repeat more than ${MOST_REPEATED} values from here on; write fewer`);
  }

  private list(items: readonly unknown[], path: Path): Counted {
    const made: Value[] = [];
    const marks = this.mark(made);
    let size = 1;
    for (const [index, item] of items.entries()) {
      const read = this.read(item, [...path, index]);
      marks.set(index, { value: start(item) });
      made.push(read.value);
      size += read.size;
    }
    return { value: made, size };
  }

  private block(items: readonly Pair[], path: Path): Counted {
    const made: Block = Object.create(null);
    const marks = this.mark(made);
    const lenders: Value[] = [];
    let size = 1;
    for (const { key, value: node } of items) {
      if (!isScalar(key) || typeof key.value !== "string") {
        this.refuse(start(key, start(node)), path, "this is not a field's name; write a plain word before the colon");
        continue;
      }
      const name = start(key);
      const read = this.read(node, [...path, key.value]);
      const before = marks.get(key.value);
      size += read.size;
      if (key.value === "<<") lenders.push(...(Array.isArray(read.value) ? read.value : [read.value]));
      else if (before)
        this.mistake(
          name,
          [...path, key.value],
          `is written twice, first on line ${this.position(before.name ?? 0).line}; leave one of them out`,
        );
      else if (key.value === "__proto__") this.mistake(name, [...path, key.value], "is no name for a field; leave it out");
      else {
        marks.set(key.value, { name, value: start(node, name) });
        made[key.value] = read.value;
      }
    }
    for (const lender of lenders) this.lend(lender, made, marks, path, start(items[0]?.key));
    return { value: made, size };
  }

  /** `<<: *name` lends a block the fields it does not have. */
  private lend(lender: Value, into: Block, marks: Map<string | number, Mark>, path: Path, offset: number): void {
    if (lender === undefined || typeof lender === "string" || Array.isArray(lender)) {
      this.mistake(offset, path, "<< does not name a block; write the alias of one, as in <<: *name");
      return;
    }
    for (const [field, mark] of this.marks.get(lender) ?? []) {
      if (marks.has(field)) continue;
      marks.set(field, mark);
      into[field] = lender[field];
    }
  }

  locate(root: Value, path: Path, aboutName?: true): number | undefined {
    let here: Value | undefined = root;
    let found: Mark | undefined;
    for (const step of path) {
      const mark: Mark | undefined = typeof here === "object" ? this.marks.get(here)?.get(step) : undefined;
      if (!mark) return found && (found.name ?? found.value);
      found = mark;
      here = Array.isArray(here) ? here[Number(step)] : typeof here === "object" ? here[step] : undefined;
    }
    return found && (aboutName || here === undefined ? (found.name ?? found.value) : found.value);
  }

  private mark(made: Block | Value[]): Map<string | number, Mark> {
    const marks = new Map<string | number, Mark>();
    this.marks.set(made, marks);
    return marks;
  }

  private mistake(offset: number, path: Path, message: string): void {
    this.mistakes.push({ ...this.position(offset), path, message });
  }

  private refuse(offset: number, path: Path, message: string): Counted {
    this.mistake(offset, path, message);
    this.fatal = true;
    return NOTHING;
  }
}

const single = (node: unknown): Counted => ({ value: isScalar(node) && node.value !== null ? String(node.value) : undefined, size: 1 });

const start = (node: unknown, otherwise = 0): number =>
  (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range ? node.range[0] : otherwise;
