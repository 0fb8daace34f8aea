/** The web page's few files, read once: the page itself is no secret, what it shows comes from the API. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Router } from "@koa/router";

const FOLDER = new URL("./page/", import.meta.url);
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript" };

export interface PageFile {
  /** "/" or "/page/page.css" */
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly tag: string;
}

/** Throws when the program is not whole. */
export async function readPage(): Promise<readonly PageFile[]> {
  const names = (await readdir(FOLDER)).filter((name) => extname(name) in TYPES);
  if (!names.includes("index.html")) throw new Error(`${FOLDER.pathname}index.html is missing; install the program again`);
  return Promise.all(names.map(pageFile));
}

async function pageFile(name: string): Promise<PageFile> {
  const body = await readFile(new URL(name, FOLDER), "utf8");
  const tag = `"${createHash("sha256").update(body).digest("hex").slice(0, 16)}"`;
  return { path: name === "index.html" ? "/" : `/page/${name}`, type: `${TYPES[extname(name)]}; charset=utf-8`, body, tag };
}

export function pageRoutes(router: Router, files: readonly PageFile[]): void {
  for (const { path, type, body, tag } of files) {
    router.get(path, (ctx) => {
      ctx.set({ "Cache-Control": "no-cache", ETag: tag });
      ctx.status = 200; // `fresh` compares only what would be answered with success
      if (ctx.fresh) {
        ctx.status = 304;
        return;
      }
      ctx.type = type;
      ctx.body = body;
    });
  }
}
