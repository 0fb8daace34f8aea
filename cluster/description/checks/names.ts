/** Names that the DNS answers to because of what stands elsewhere in the description, with whose they are. */
import { dashed, reverseName } from "../../address.ts";
import type { Facts } from "../facts.ts";

export function takenNames({ machines, bootstrapperName, networks, dns }: Facts, domain: string): ReadonlyMap<string, string> {
  const machineNames = machines.flatMap(({ name, mac, address }) => {
    const owner = name ? `machine ${name.value}` : mac && `machine ${mac.value}`;
    if (!owner) return [];
    const labels = [...(name ? [name.value] : []), ...(mac ? [dashed(mac.value)] : [])];
    return [
      ...labels.map((label) => [`${label}.${domain}`, `the name of ${owner}`] as const),
      ...(address ? [[reverseName(address.value), `the address of ${owner}`] as const] : []),
    ];
  });
  return new Map([
    ...machineNames,
    ...(dns?.api ? [[`${dns.api.value}.${domain}`, "every control plane's (dns.api)"] as const] : []),
    ...(dns?.ingress ? [[`*.${dns.ingress.value}.${domain}`, "every ingress node's (dns.ingress)"] as const] : []),
    ...(bootstrapperName ? [[`${bootstrapperName.value}.${domain}`, "the bootstrapper's name"] as const] : []),
    ...networks.flatMap(({ bootstrapper }) =>
      bootstrapper ? [[reverseName(bootstrapper.value), "the bootstrapper's address"] as const] : [],
    ),
  ]);
}

export const isBelow = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);
