/** Where a URL is really fetched from: `mirrors:` of the description, and paths relative to it. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Mirror } from "../../cluster/cluster.ts";

/** `folder` is where the description lies: plain paths are relative to it. Answers an http(s) or file URL. */
export function locate(url: string, mirrors: readonly Mirror[], folder: string): string {
  const [mirror] = mirrors.filter(({ from }) => covers(from, url)).sort((a, b) => b.from.length - a.from.length);
  return absolute(mirror ? join(mirror.to, url.slice(mirror.from.length)) : url, folder);
}

/** Whether the bytes lie on this computer by the description's own word, so that the user may change them at will. */
export const isLocal = (url: string): boolean => !/^https?:/i.test(url);

/** A prefix ends where a path segment ends: https://a/b covers https://a/b/c but not https://a/bc. */
function covers(from: string, url: string): boolean {
  return url.startsWith(from) && (from.endsWith("/") || url.length === from.length || /^[/?#]/.test(url.slice(from.length)));
}

/** A folder holds files by their names, not as URLs spell them. */
function join(to: string, rest: string): string {
  if (rest === "") return to;
  const below = rest.replace(/^\/+/, "");
  return `${to.replace(/\/+$/, "")}/${/^[a-z]+:\/\//i.test(to) ? below : decoded(below)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function absolute(place: string, folder: string): string {
  return /^(https?|file):\/\//i.test(place) ? place : pathToFileURL(resolve(folder, place.replace(/^file:/i, ""))).href;
}
