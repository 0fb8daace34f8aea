/** What a machine writes to its serial port -> lines to read: no colours, no cursor movements, nothing that was overwritten. */

/** A line longer than this is broken: a machine that never ends its line must not fill our memory. */
const LONGEST = 2000;

/** Moving the cursor to a place (CUP, HVP) or clearing the screen (ED) begins a new line; ECMA-48 §8.3. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are commanded by control characters
const NEW_LINE = /\x1b\[[0-9;]*[HfJ]/g;
/** Every other control sequence: CSI with its parameters, OSC to its end, and the two-character ones. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are commanded by control characters
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
/** A sequence whose end has not arrived yet. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are commanded by control characters
const UNFINISHED = /\x1b(?:\[[0-?]{0,100}[ -/]{0,9}|\][^\x07\x1b]{0,100}|[ -/]{0,9})$/;

export class SerialLines {
  #rest = "";

  /** The lines that `text` completes. */
  push(text: string): readonly string[] {
    const all = this.#rest + text;
    const pending = UNFINISHED.exec(all)?.[0] ?? "";
    const parts = all
      .slice(0, all.length - pending.length)
      .replace(NEW_LINE, "\n")
      .replace(SEQUENCE, "")
      .split(/[\r\n]+/);
    const last = parts.pop()!;
    this.#rest = last.length > LONGEST ? pending : last + pending;
    return tidy(last.length > LONGEST ? [...parts, last] : parts);
  }

  /** What has no end yet, when the machine is switched off. */
  flush(): readonly string[] {
    const rest = this.#rest;
    this.#rest = "";
    return tidy([rest.replace(SEQUENCE, "").replace(UNFINISHED, "")]);
  }
}

const tidy = (lines: readonly string[]): readonly string[] =>
  lines
    .map((line) =>
      erased(line)
        .replace(/\p{Cc}/gu, "")
        .trimEnd()
        .slice(0, LONGEST),
    )
    .filter((line) => line.trim() !== "");

/** Backspaces take back what stands before them: iPXE draws its progress that way. */
function erased(line: string): string {
  if (!line.includes("\b")) return line;
  const kept: string[] = [];
  for (const character of line) {
    if (character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}
