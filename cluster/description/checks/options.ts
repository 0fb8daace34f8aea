/** DHCP options: where each may be written, and whether routes lead through neighbours. */
import { contains, type Ipv4, NOWHERE } from "../../address.ts";
import { decodeOption, optionByCode, optionName } from "../../dhcp-options.ts";
import type { Facts, NetworkFacts, OptionsFacts } from "../facts.ts";
import type { Finding } from "../problem.ts";

export function* checkOptions(facts: Facts): Iterable<Finding> {
  for (const { level, written, path } of facts.options) {
    for (const { key, code } of written) {
      const refused = optionByCode(code)?.refused?.[level];
      if (refused) yield { path: [...path, key], message: refused, aboutName: true };
    }
  }
  yield* checkRoutes(facts);
}

/** RFC 3442, and what Windows knew before it. */
const ROUTES = [121, 249];

function* checkRoutes({ networks, machines, options }: Facts): Iterable<Finding> {
  const at = (level: OptionsFacts["level"]) => options.filter((one) => one.level === level);
  const [general] = at("network");
  const ofSubnets = at("subnet");
  for (const [index, network] of networks.entries()) {
    for (const code of ROUTES) {
      const holder = [ofSubnets[index - 1], general].find((one) => one?.written.some((option) => option.code === code));
      if (holder) yield* lead(holder, code, network);
    }
  }
  for (const [index, own] of at("machine").entries()) {
    const address = machines[index]?.address?.value;
    const home = networks.find(({ subnet }) => address && subnet && contains(subnet.value, address)) ?? networks[0];
    for (const code of ROUTES) yield* lead(own, code, home);
  }
}

function* lead({ written, path }: OptionsFacts, code: number, { subnet, routers }: NetworkFacts): Iterable<Finding> {
  const option = written.find((one) => one.code === code);
  const routes = option && decodeOption(code, bytesOf(option.hex));
  if (!routes || !subnet) return;
  const about = { path: [...path, option.key], aboutName: true, warning: true } as const;
  if (routers[0] && !routes.some((route) => route.startsWith("default"))) {
    // A client that understands this option ignores the routers it is given (RFC 3442).
    const message = `takes the place of routers, so its clients have no default route; write default via ${routers[0].value} in it too`;
    yield { ...about, message };
  }
  for (const via of new Set(routes.map((route) => route.split(" via ")[1] as Ipv4))) {
    if (via === NOWHERE || contains(subnet.value, via)) continue;
    const where = `${subnet.value.base}/${subnet.value.prefix}`;
    yield { ...about, message: `${via} is no neighbour of the machines in ${where}; write a ${optionName(code)} of its own for them` };
  }
}

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
