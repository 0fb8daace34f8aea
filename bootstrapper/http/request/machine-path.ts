/** The last part of a path as a machine: a MAC in any notation, and the suffix behind it. */
import { type Mac, mac } from "../../../cluster/address.ts";
import { Refusal } from "../refusal.ts";

/** "52-54-00-00-00-11.ipxe" and [".ipxe"] -> that MAC and ".ipxe"; suffix "" when none of `suffixes` ends it. Throws Refusal. */
export function machinePath(name: string, suffixes: readonly string[]): { readonly mac: Mac; readonly suffix: string } {
  const suffix = suffixes.find((end) => name.toLowerCase().endsWith(end)) ?? "";
  const text = name.slice(0, name.length - suffix.length);
  try {
    return { mac: mac(text), suffix };
  } catch {
    throw new Refusal(400, {
      what: `there is no machine "${text.slice(0, 64)}"`,
      because: "that is not a MAC address",
      todo: `write six pairs, as in 52-54-00-12-34-56${suffix}`,
    });
  }
}
