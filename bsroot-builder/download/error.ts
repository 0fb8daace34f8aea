/** What can go wrong between a URL and a file, said with the URL, the file and the way out. */

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
  return `${path}: ${url}${mirror}: ${message}`;
}

export const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? ` (${error.cause.message})` : "";
  return (error.message || String((error as NodeJS.ErrnoException).code ?? error.name)) + cause;
};
