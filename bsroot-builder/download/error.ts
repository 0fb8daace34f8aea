/** What can go wrong between a URL and a file, said with the URL, the file and the way out. */
import { printable } from "./printable.ts";

export class DownloadError extends Error {
  /** Whether the same request may succeed a moment later: a cut connection, a busy server. */
  readonly again: boolean;
  /** Milliseconds that the server asked us to wait before. */
  readonly after: number | undefined;

  constructor(what: string, options: { readonly again?: boolean; readonly after?: number; readonly cause?: unknown } = {}) {
    super(what, options.cause === undefined ? {} : { cause: options.cause });
    this.again = options.again ?? false;
    this.after = options.after;
  }
}

/** The sentence for the operator: file, URL (and what it stands for), what happened. */
export function describe(path: string, url: string, original: string, message: string): string {
  const mirror = url === original ? "" : ` (mirror of ${original})`;
  return printable(withoutPasswords(`${path}: ${url}${mirror}: ${message}`));
}

/** A mirror's URL may hold a name and a password; logs must not. */
export const withoutPasswords = (text: string): string => text.replace(/(\w:\/\/)[^\s/@]+@/g, "$1...@");

/** What the operating system may say while a file is written, and the way out. */
const TROUBLES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full, or has no room for one more file name; make room or choose another --out, and run the build again to go on",
  EDQUOT: "your share of the disk is used up; make room or choose another --out, and run the build again to go on",
  EROFS: "the disk can only be read; choose another --out",
  EFBIG: "the file system, or a limit of this shell (ulimit -f), allows no file as large as this",
  EIO: "the disk fails; look at what the kernel says of it (dmesg) and choose another --out",
};
export const troubleOf = (error: unknown): string | undefined => TROUBLES[String((error as NodeJS.ErrnoException | undefined)?.code)];

export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const trouble = troubleOf(error);
  if (trouble !== undefined) return `${trouble} (${error.message})`;
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? ` (${error.cause.message})` : "";
  return (error.message || String((error as NodeJS.ErrnoException).code ?? error.name)) + cause;
};
