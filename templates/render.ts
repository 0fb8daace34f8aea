/** The only file that knows eta: turns a template beside it and some values into text, each value spelled for the language it enters. */
import { fileURLToPath } from "node:url";
import { Eta } from "eta";
import { ipxeWord, jsonText, kickstartWord, lineWord, preseedText, shellWord } from "./spelling.ts";

/** How a value is spelled, by the ending in front of .eta. Anything else is refused, so that no value enters a text unspelled. */
const SPELLINGS: Readonly<Record<string, (value: unknown) => string>> = {
  sh: shellWord,
  ipxe: ipxeWord,
  pxelinux: ipxeWord, // no quotes either, and U-Boot expands ${...} as iPXE does
  grub: shellWord, // single quotes are as in a shell
  ks: kickstartWord,
  cfg: preseedText,
  toml: jsonText,
  json: jsonText,
  yaml: jsonText, // JSON is YAML: in flow style, with texts in double quotes
  service: lineWord,
  conf: lineWord,
};

const views = fileURLToPath(new URL(".", import.meta.url));
const engines = new Map<string, Eta>();

/** `name` is a template's path below templates/: "boot/local.ipxe.eta". Throws with file and line when a value is missing or cannot be spelled. */
export function render(name: string, values: object): string {
  return engineFor(name).render(name, values);
}

function engineFor(name: string): Eta {
  const language = /\.([a-z]+)\.eta$/.exec(name)?.[1] ?? "";
  const spelling = SPELLINGS[language];
  if (!spelling)
    throw new TypeError(`${name}: "${language}" is not a language templates may write; use one of ${Object.keys(SPELLINGS).join(", ")}`);
  const engine = engines.get(language) ?? newEngine(spelling);
  engines.set(language, engine);
  return engine;
}

/** The filter runs for `<%= %>` and for `<%~ %>`: a template has no way around it. Each file is read and compiled once. */
function newEngine(spelling: (value: unknown) => string): Eta {
  return new Eta({
    views,
    cache: true,
    debug: true,
    autoTrim: false,
    autoEscape: false,
    autoFilter: true,
    filterFunction: (value) => {
      if (value === undefined || value === null) throw new TypeError("this value is missing; name it when the template is rendered");
      return spelling(value);
    },
  });
}
