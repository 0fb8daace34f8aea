/** Portals and "moved" pages answer 200 where a file is wanted: told by their first bytes, whatever they call themselves. */
import { DownloadError } from "./error.ts";

/** Throws DownloadError. */
export function refuseWebPage(first: Uint8Array, url: string): void {
  const text = new TextDecoder("latin1")
    .decode(first.subarray(0, 1024))
    .replace(/^(\xef\xbb\xbf|\s|<!--.*?-->|<\?xml[^>]*>)+/s, "")
    .toLowerCase();
  const isPage = text.startsWith("<!doctype html") || text.startsWith("<html");
  if (isPage && !/\.html?$/i.test(new URL(url).pathname)) {
    throw new DownloadError(
      "answers a web page instead of the file: a login page, or the file has moved; open the address in a browser to see which",
    );
  }
}
