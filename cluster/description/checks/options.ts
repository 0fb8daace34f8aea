/** DHCP options: where each may be written, and what they do to each other. */
import { decodeOption, optionByCode } from "../../dhcp-options.ts";
import { type Facts, isUnclear } from "../facts.ts";
import type { Finding } from "../problem.ts";

const ROUTES = [121, 249];

export function* checkOptions(facts: Facts): Iterable<Finding> {
  const routers = facts.networks.flatMap((network) => network.routers);
  for (const { level, written, path } of facts.options) {
    for (const { key, code, hex } of written) {
      const refused = optionByCode(code)?.refused?.[level];
      if (refused) yield { path: [...path, key], message: refused, aboutName: true };
      const words = ROUTES.includes(code) ? (decodeOption(code, bytesOf(hex)) ?? []) : undefined;
      if (words && routers[0] && !words.some((word) => word.startsWith("default")) && !isUnclear(facts, path.slice(0, -1))) {
        // RFC 3442: a client that understands this option ignores the routers it is given.
        const message = `takes the place of routers, so its clients have no default route; write default via ${routers[0].value} in it too`;
        yield { path: [...path, key], message, aboutName: true, warning: true };
      }
    }
  }
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
