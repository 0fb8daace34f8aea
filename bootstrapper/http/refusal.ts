/** Why a request is not answered as asked: words for somebody reading a serial console, and whether the journal must know. */
import type { Mac } from "../../cluster/address.ts";

export interface Reasons {
  /** "the configuration of 52:54:00:00:00:11 is not given to 10.0.0.99" */
  readonly what: string;
  readonly because: string;
  /** What the reader can do about it. */
  readonly todo: string;
}

export interface Handling {
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: a plain mistake in a request, which nobody needs to know about. */
  readonly journal?: "refused" | "warning";
  readonly mac?: Mac;
}

export class Refusal extends Error {
  readonly status: number;
  readonly reasons: Reasons;
  readonly handling: Handling;

  constructor(status: number, reasons: Reasons, handling: Handling = {}) {
    super(`${reasons.what}: ${reasons.because}`);
    this.status = status;
    this.reasons = reasons;
    this.handling = handling;
  }
}

/** Who asked for what they may not have: answered 403, journaled, shown to the operator. */
export const forbidden = (reasons: Reasons, mac?: Mac): Refusal => new Refusal(403, reasons, { journal: "refused", ...(mac && { mac }) });

export function inWords({ what, because, todo }: Reasons): string {
  return `refused: ${what}\nbecause: ${because}\nwhat to do: ${todo}\n`;
}

/** The same words as a script, because somebody may pipe the answer into a shell. */
export function inShell(reasons: Reasons): string {
  const quoted = inWords(reasons)
    .trimEnd()
    .split("\n")
    .map((line) => `'${line.replaceAll("'", "'\\''")}'`);
  return `#!/bin/sh\nprintf '%s\\n' ${quoted.join(" ")} >&2\nexit 1\n`;
}

export const inJson = ({ what, because, todo }: Reasons): string => `${JSON.stringify({ error: `${what}: ${because}`, hint: todo })}\n`;
