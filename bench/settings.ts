/** The bench's command line. */
import { parseArgs } from "node:util";
import type { Protocol } from "./servers/server.ts";

/** What is measured: a protocol's servers, or what downloads. */
export type Topic = Protocol | "build";

export interface Settings {
  readonly only: readonly Topic[];
  readonly quick: boolean;
  readonly json: boolean;
  readonly rounds: number;
  /** Ours is compiled from the files as they are; from a commit's; or from a commit's with these folders as they are. */
  readonly commit: string | undefined;
  readonly with: readonly string[];
  /** Servers and load go before everything else on this host. */
  readonly ahead: boolean;
  /** Only rows whose name holds this. */
  readonly match: string;
  /** Only these servers; empty: all. */
  readonly servers: readonly string[];
}

export const TOPICS: readonly Topic[] = ["dhcp", "tftp", "dns", "build"];

export const HELP = `bench: our servers and their peers, side by side, on the same work. Needs Linux and root.

  --only LIST      of dhcp, tftp, dns, build; with commas
  --quick          one round of a few rows
  --match TEXT     only rows whose name holds this
  --servers LIST   only these: sextant, dnsmasq, kea, tftpd-hpa, atftpd, unbound
  --rounds N       3 unless said otherwise, 1 with --quick
  --of COMMIT      ours as it was then, not as the files are now
  --with LIST      with --of: but these folders as they are now
  --ahead          servers and load go before everything else on this host
  --json           the figures as JSON, on standard output
`;

/** Throws TypeError that says what is wrong. */
export function readSettings(args: readonly string[]): Settings | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      quick: { type: "boolean", default: false },
      ahead: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      match: { type: "string", default: "" },
      servers: { type: "string" },
      rounds: { type: "string" },
      of: { type: "string" },
      with: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const words = (text: string | undefined): string[] => text?.split(",").filter(Boolean) ?? [];
  const only = words(values.only);
  const stranger = only.find((name) => !TOPICS.some((topic) => topic === name));
  if (stranger !== undefined) throw new TypeError(`--only: "${stranger}" is none of ${TOPICS.join(", ")}`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError(`--rounds: "${values.rounds}" is not a number from 1 on`);
  return {
    only: TOPICS.filter((topic) => only.length === 0 || only.includes(topic)),
    quick: values.quick,
    json: values.json,
    ahead: values.ahead,
    rounds,
    commit: values.of ?? (values.with === undefined ? undefined : "HEAD"),
    with: words(values.with),
    match: values.match,
    servers: words(values.servers),
  };
}
