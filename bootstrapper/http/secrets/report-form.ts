/** A report's form as a Report, or what is wrong with it. */
import type { Report } from "../../machines/machine.ts";

export const MAX_DISK = 256;
export const MAX_REASON = 1000;

export type Parsed = { readonly report: Report } | { readonly because: string };

/** Total: whatever the form holds becomes a report or a reason why it is none. */
export function parseReport(form: URLSearchParams): Parsed {
  const twice = ["phase", "disk", "reason"].find((name) => form.getAll(name).length > 1);
  if (twice) return { because: `"${twice}" is given twice` };
  const phase = form.get("phase") ?? "";
  switch (phase) {
    case "installing":
      return installing(form.get("disk") ?? "");
    case "failed":
      return failed(form.get("reason") ?? "");
    case "installed":
    case "configuring":
    case "ready":
      return { report: { phase } };
    default:
      return { because: phase ? `"${printable(phase).slice(0, 32)}" is no phase that is reported` : '"phase" is missing' };
  }
}

/** The identity decides later what may be overwritten, so it is taken exactly or not at all. */
function installing(disk: string): Parsed {
  if (disk === "") return { because: '"disk" is missing' };
  if (disk.length > MAX_DISK) return { because: `"disk" is longer than ${MAX_DISK} characters` };
  if (disk !== printable(disk)) return { because: '"disk" has characters that no disk\'s identity has' };
  return { report: { phase: "installing", disk } };
}

function failed(reason: string): Parsed {
  const text = readable(reason);
  return text === "" ? { because: '"reason" is missing' } : { report: { phase: "failed", reason: text } };
}

/** A machine that says why it failed is heard, however clumsily it says it. */
export function readable(reason: string): string {
  const text = printable(reason).replace(/ {2,}/g, " ").trim();
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON - 1)}…` : text;
}

/** Without controls, line ends and what turns the direction of writing, which could dress up a log line. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, " ");
