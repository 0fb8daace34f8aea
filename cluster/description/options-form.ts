/** DHCP options as a block of the recommended form: `name: value` or `code: value`, where a value is a word or a list of them. */
import { z } from "zod";
import type { DhcpOption } from "../cluster.ts";
import { TYPES } from "../dhcp-option-types.ts";
import { DHCP_OPTIONS, encodeOption, isRefusedEverywhere, OPTION_NAMES, optionByCode, optionNamed } from "../dhcp-options.ts";
import { ABOUT_NAME } from "./fields.ts";
import { nearest } from "./suggest.ts";

/** An option as it was written, for checks to point at. */
export interface WrittenOption extends DhcpOption {
  /** Its name or code. */
  readonly key: string;
}

const WORD = { type: ["string", "number", "boolean"] };

/** For editors: every option that may be written somewhere, by its usual name. */
const WRITABLE = DHCP_OPTIONS.filter((option) => !isRefusedEverywhere(option));
const properties = Object.fromEntries(
  WRITABLE.map(({ code, name, type, rfc }) => [
    name,
    { description: `Option ${code} (${rfc}): ${type}, as in ${TYPES[type].example}.`, $ref: "#/$defs/dhcpOptions/additionalProperties" },
  ]),
);

export const dhcpOptions = z
  .record(z.string(), z.unknown(), {
    error: "must be a block of options; write one per line, as in domain-search: [a.lan, b.lan]",
  })
  .transform((block, context): readonly WrittenOption[] => {
    const { written, complaints } = read(block);
    for (const { key, message, aboutName } of complaints) {
      context.addIssue({ code: "custom", path: key === undefined ? [] : [key], message, ...(aboutName && { params: ABOUT_NAME }) });
    }
    return written.toSorted((a, b) => a.code - b.code);
  })
  .meta({
    id: "dhcpOptions",
    properties,
    additionalProperties: { anyOf: [WORD, { type: "array", items: WORD }] },
    propertyNames: { anyOf: [{ pattern: "^[0-9]+$" }, { enum: WRITABLE.flatMap(({ name, also }) => [name, ...also]) }] },
  });

interface Complaint {
  /** Absent: about the whole block. */
  readonly key?: string;
  readonly message: string;
  readonly aboutName?: true;
}

/** One option's slip hides no other's, so values are looked at here and not by the schema. */
function read(block: Readonly<Record<string, unknown>>): { readonly written: WrittenOption[]; readonly complaints: readonly Complaint[] } {
  const written: WrittenOption[] = [];
  const complaints: Complaint[] = [];
  const keys = new Map<number, string>();
  const count = Object.keys(block).length;
  if (count > 254) return { written, complaints: [{ message: `has ${count} options, more than there are codes; write at most 254` }] };
  for (const [key, value] of Object.entries(block)) {
    const code = codeOf(key);
    const before = typeof code === "number" ? keys.get(code) : undefined;
    if (typeof code === "string") complaints.push({ key, message: code, aboutName: true });
    else if (before !== undefined)
      complaints.push({ key, message: `is the same option as ${before}; leave one of them out`, aboutName: true });
    else {
      keys.set(code, key);
      try {
        written.push({ key, ...optionOf(code, value) });
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        complaints.push({ key, message: cause.message });
      }
    }
  }
  return { written, complaints };
}

/** The option's code, or what is wrong with its name. */
function codeOf(key: string): number | string {
  if (/^\d+$/.test(key)) {
    const code = Number(key);
    return code >= 1 && code <= 254 ? code : "is not the code of an option; write a number from 1 to 254";
  }
  const instead = nearest(key, OPTION_NAMES) ?? "a name such as domain-search, or a code from 1 to 254";
  return optionNamed(key)?.code ?? `is not the name of a DHCP option; write ${instead}`;
}

function optionOf(code: number, value: unknown): DhcpOption {
  const known = optionByCode(code);
  // Whatever its value, a check says that it may not stand here.
  if (known && isRefusedEverywhere(known)) return { code, hex: "" };
  if (value === undefined) throw new TypeError("has no value; write one behind the colon");
  const words: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (words.every((word) => typeof word === "string")) return encodeOption(code, words);
  throw new TypeError("must be a single value or a list of them; write it as in [10.0.0.1, 10.0.0.2]");
}
