/** Everything that is fuzzed: a new target is a line here. */
import type { Target } from "./target.ts";
import * as dhcp from "./targets/dhcp.ts";
import * as dns from "./targets/dns.ts";
import * as text from "./targets/text.ts";
import * as tftp from "./targets/tftp.ts";

export const targets: readonly Target[] = [dhcp, tftp, dns, text].flatMap((family) => Object.values(family) as Target[]);
