/** Names and messages come from outside: they may not move the cursor of whoever reads them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
export const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
