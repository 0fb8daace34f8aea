/** The building blocks of a description's schema: zod, with messages that say what to write. */
import { z } from "zod";
import { nearest } from "./suggest.ts";
import { oneOf } from "./values.ts";

/** What an editor should know of a field beyond its description. */
export type ForEditors = Readonly<Record<string, unknown>>;

/** Room for any key and URL; patterns that look back and forth are quick below it. */
const LONGEST_WORD = 8192;

/** A value written as one word. `parse` throws TypeError with "what is wrong; what to write instead". */
export function word<T>(parse: (text: string) => T, example: string, editors: ForEditors = {}) {
  const error = ({ input }: { input?: unknown }) =>
    input === undefined ? `is missing; write it, as in ${example}` : `must be a single value; write it as in ${example}`;
  return z
    .string({ error })
    .transform((text, context): T => {
      try {
        if (text.length > LONGEST_WORD) throw new TypeError(`has ${text.length} characters; write at most ${LONGEST_WORD}`);
        return parse(text);
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        context.addIssue({ code: "custom", message: cause.message });
        return z.NEVER;
      }
    })
    .meta(editors);
}

/** One word of a few. `others` are what people write for them elsewhere. */
export const names = <const T extends string>(of: readonly T[], others?: Readonly<Record<string, NoInfer<T>>>) =>
  word(oneOf(of, others), of[0]!, { enum: [...of] });

/** Several of one kind. */
export function list<T extends z.ZodType>(item: T, example: string) {
  const error = ({ input }: { input?: unknown }) =>
    input === undefined ? `is missing; write ${example}` : `must be a list; write ${example}`;
  return z.array(item, { error });
}

/** More than anybody has of what is compared one with the other. */
const MANY = 1000;

/** A list of what a description has a few of. */
export function fewOf<T extends z.ZodType>(item: T, example: string) {
  return list(item, example).max(MANY, `has more than ${MANY} items; write fewer`);
}

/** One, or several. */
export function oneOrList<T extends z.ZodType>(item: T, example: string) {
  return z.union([item, list(item, `a list, as in ${example}`)]);
}

/** Marks an issue that is about a field's name instead of what stands behind it. */
export const ABOUT_NAME = { aboutName: true } as const;

/** Fields with names. `others` are words people write for them elsewhere. */
export function block<T extends z.ZodRawShape>(shape: T, example: string, others: Readonly<Record<string, string>> = {}) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownField(key, known, others)).join("\n");
      return issue.input === undefined
        ? `is missing; write fields such as ${example}`
        : `must be a block of fields; write fields such as ${example}`;
    },
  });
}

function unknownField(key: string, known: readonly string[], others: Readonly<Record<string, string>>): string {
  const meant = (Object.hasOwn(others, key) ? others[key] : undefined) ?? nearest(key, known);
  return `is not a field here; write ${meant ?? `one of ${known.join(", ")}`}`;
}
