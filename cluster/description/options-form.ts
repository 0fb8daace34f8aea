/** DHCP options as a block of the recommended form: `name: value` or `code: value`, where a value is a word or a list of them. */
import { z } from "zod";
import type { DhcpOption } from "../cluster.ts";
import { TYPES } from "../dhcp-option-types.ts";
import { DHCP_OPTIONS, encodeOption, OPTION_NAMES, optionNamed } from "../dhcp-options.ts";
import { ABOUT_NAME } from "./fields.ts";
import { nearest } from "./suggest.ts";

/** An option as it was written, for checks to point at. */
export interface WrittenOption extends DhcpOption {
  /** Its name or code. */
  readonly key: string;
}

const NO_VALUE = "has no value; write one behind the colon";
const NO_WORD = "must be a single value or a list of them; write it as in [10.0.0.1, 10.0.0.2]";
const WORD = z.string({ error: ({ input }) => (input === undefined ? NO_VALUE : NO_WORD) }).meta({ type: ["string", "number", "boolean"] });
const VALUE = z.union([WORD, z.array(WORD)], { error: NO_WORD }).meta({ id: "dhcpOptionValue" });

/** For editors: every option that may be written somewhere, by its usual name. */
const WRITABLE = DHCP_OPTIONS.filter(({ refused = {} }) => !(refused.network && refused.subnet && refused.machine));
const properties = Object.fromEntries(
  WRITABLE.map(({ code, name, type, rfc }) => [
    name,
    { description: `Option ${code} (${rfc}): ${type}, as in ${TYPES[type].example}.`, $ref: "#/$defs/dhcpOptionValue" },
  ]),
);

export const dhcpOptions = z
  .record(z.string(), VALUE, {
    error: "must be a block of options; write one per line, as in domain-search: [a.lan, b.lan]",
  })
  .transform((block, context): readonly WrittenOption[] => {
    const written = new Map<number, WrittenOption>();
    const complain = (key: string, message: string, params = {}) => context.addIssue({ code: "custom", path: [key], message, params });
    const count = Object.keys(block).length;
    if (count > 254) {
      context.addIssue({ code: "custom", message: `has ${count} options, more than there are codes; write at most 254` });
      return [];
    }
    for (const [key, value] of Object.entries(block)) {
      const code = codeOf(key);
      if (typeof code === "string") {
        complain(key, code, ABOUT_NAME);
        continue;
      }
      const before = written.get(code);
      if (before) complain(key, `is the same option as ${before.key}; leave one of them out`, ABOUT_NAME);
      try {
        const option = encodeOption(code, [value].flat());
        if (!before) written.set(code, { key, ...option });
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        complain(key, cause.message);
      }
    }
    return [...written.values()].sort((a, b) => a.code - b.code);
  })
  .meta({
    id: "dhcpOptions",
    properties,
    propertyNames: { anyOf: [{ pattern: "^[0-9]+$" }, { enum: WRITABLE.flatMap(({ name, also }) => [name, ...also]) }] },
  });

/** The option's code, or what is wrong with its name. */
function codeOf(key: string): number | string {
  if (/^\d+$/.test(key)) {
    const code = Number(key);
    return code >= 1 && code <= 254 ? code : "is not the code of an option; write a number from 1 to 254";
  }
  const instead = nearest(key, OPTION_NAMES) ?? "a name such as domain-search, or a code from 1 to 254";
  return optionNamed(key)?.code ?? `is not the name of a DHCP option; write ${instead}`;
}
