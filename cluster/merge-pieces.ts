/** Several roles' contributions -> one NodePlan; two that want different things of one path or unit are an error, never a silent winner. */
import { isDeepStrictEqual } from "node:util";
import type { Cluster, Machine } from "./cluster.ts";
import type { NodePlan, PlanFile, PlanPiece, Unit, User } from "./plan.ts";

/** Pieces keep their order. Throws TypeError naming both pieces that do not go together. */
export function mergePieces(cluster: Cluster, machine: Machine, pieces: readonly PlanPiece[]): NodePlan {
  const named = pieces.map((piece, index) => ({ ...piece, from: piece.from ?? `piece ${index + 1}` }));
  const each = <T>(take: (piece: PlanPiece) => readonly T[] | undefined): readonly Contributed<T>[] =>
    named.flatMap((piece) => (take(piece) ?? []).map((what) => ({ what, from: piece.from })));
  return {
    cluster,
    machine,
    users: combine(
      each(({ users }) => users),
      ({ name }) => `user ${name}`,
      oneUser,
    ),
    files: combine(each(({ files }) => files).map(checked), ({ path }) => path, oneFile),
    units: combine(
      each(({ units }) => units),
      ({ name }) => name,
      oneUnit,
    ),
    readyWhen: [...new Set(named.flatMap(({ readyWhen }) => readyWhen ?? []))],
  };
}

interface Contributed<T> {
  readonly what: T;
  /** Who wants it. */
  readonly from: string;
}

/** Things of one name become one thing; `fail` ends in an error that names the thing and both who want it. */
function combine<T>(
  all: readonly Contributed<T>[],
  nameOf: (what: T) => string,
  join: (a: T, b: T, fail: (wrong: string) => never) => T,
): readonly T[] {
  const merged = new Map<string, Contributed<T>>();
  for (const { what, from } of all) {
    const name = nameOf(what);
    const before = merged.get(name);
    const fail = (wrong: string): never => {
      throw new TypeError(`${name}: ${before!.from} and ${from} ${wrong}; change one of them`);
    };
    merged.set(name, before ? { what: join(before.what, what, fail), from: `${before.from} and ${from}` } : { what, from });
  }
  return [...merged.values()].map(({ what }) => what);
}

const oneUser = (a: User, b: User): User => ({ name: a.name, groups: union(a.groups, b.groups), sshKeys: union(a.sshKeys, b.sshKeys) });

function oneFile(a: PlanFile, b: PlanFile, fail: (wrong: string) => never): PlanFile {
  if (a.mode !== b.mode) fail(`want it with different modes, ${octal(a.mode)} and ${octal(b.mode)}`);
  return isDeepStrictEqual(a.content, b.content) ? a : fail("want different content for it");
}

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** A piece that only adds a drop-in says `enabled: false` and leaves the rest to others. */
function oneUnit(a: Unit, b: Unit, fail: (wrong: string) => never): Unit {
  if (a.contents !== undefined && b.contents !== undefined && a.contents !== b.contents) fail("bring different contents for it");
  const contents = a.contents ?? b.contents;
  const dropins = new Map((a.dropins ?? []).map((dropin) => [dropin.name, dropin]));
  for (const dropin of b.dropins ?? []) {
    if ((dropins.get(dropin.name) ?? dropin).contents !== dropin.contents) fail(`bring different contents for its drop-in ${dropin.name}`);
    dropins.set(dropin.name, dropin);
  }
  return {
    name: a.name,
    enabled: a.enabled || b.enabled,
    ...(contents !== undefined && { contents }),
    ...(dropins.size > 0 && { dropins: [...dropins.values()] }),
  };
}

const union = <T>(a: readonly T[], b: readonly T[]): readonly T[] => [...new Set([...a, ...b])];

/** Two spellings of one path would be two files to us and one to the node. */
function checked(file: Contributed<PlanFile>): Contributed<PlanFile> {
  const { path } = file.what;
  const plain =
    path.startsWith("/") &&
    path
      .split("/")
      .slice(1)
      .every((part) => part !== "" && part !== "." && part !== "..");
  if (!plain) throw new TypeError(`${path}: ${file.from} wants a file there; write an absolute path without . or .. in it`);
  return file;
}
