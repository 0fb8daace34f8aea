/** A place that bytes come from: a URL opened at an offset. */
import { DownloadError } from "./error.ts";
import { openHttp } from "./http.ts";
import { openFile } from "./local.ts";
import type { Getter } from "./web.ts";

export interface Wish {
  /** http(s) or file. */
  readonly url: string;
  /** Bytes we already have, of the file that `validator` identifies. */
  readonly offset: number;
  readonly validator?: string;
}

export interface Opened {
  /** Where in the file `body` begins: the wish's offset if the source could continue there, else 0. */
  readonly offset: number;
  /** The whole file's size in bytes, where the source says. */
  readonly size?: number;
  /** What identifies these very bytes later on; absent: an interrupted download starts over. */
  readonly validator?: string;
  /** Yields chunks; throws DownloadError. */
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

export type Open = (wish: Wish) => Promise<Opened>;

/** Throws DownloadError. */
export function opener(web: Getter): Open {
  return (wish) => {
    const { protocol } = parseUrl(wish.url);
    if (protocol === "file:") return openFile(wish);
    if (protocol === "http:" || protocol === "https:") return openHttp(wish, web);
    throw new DownloadError(`${protocol} is not a source we can read; use http, https or file`);
  };
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new DownloadError("this is not a URL");
  }
}
