/** DHCP options as the description writes them, and how the more specific ones take the place of the others. */
import type { DhcpOption } from "../../cluster/cluster.ts";
import { encodeEach, nameOfCode, type Options, readOption } from "./options.ts";

/** An option that its row cannot spell the same way again stays the bytes that were described. */
export function optionsFrom(described: readonly DhcpOption[]): Options {
  return described.reduce((all, { code, hex }) => over(all, spelled(code, Uint8Array.from(Buffer.from(hex, "hex")))), {} as Options);
}

function spelled(code: number, bytes: Uint8Array): Options {
  const read = readOption(code, bytes);
  const again = read && encodeEach(read);
  const same = again && Buffer.concat([...again.said, ...again.echoed]).equals(Buffer.from([code, bytes.length, ...bytes]));
  return same ? read : { others: new Map([[code, bytes]]) };
}

/** `specific` stands in place of what `general` says with the same code. */
export function over(general: Options, specific: Options): Options {
  const merged: Record<string, unknown> = { ...general, ...specific };
  const others = new Map([...(general.others ?? []), ...(specific.others ?? [])]);
  for (const code of general.others?.keys() ?? []) {
    const name = nameOfCode(code);
    if (name && specific[name] !== undefined) others.delete(code);
  }
  for (const code of specific.others?.keys() ?? []) {
    const name = nameOfCode(code);
    if (name) delete merged[name];
  }
  if (others.size > 0) merged["others"] = others;
  return merged as Options;
}
