/** /static: the files of bsroot, by range or whole, and never one that lies outside of it. */
import { realpath, stat } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import type { RouterContext, RouterMiddleware } from "@koa/router";
import send from "send";
import { Refusal } from "./refusal.ts";
import { callerOf } from "./request/caller.ts";
import { honoured } from "./request/range.ts";
import type { Transfers } from "./transfers.ts";
import type { World } from "./world.ts";

const PREFIX = "/static/";

export function staticFiles(world: World, transfers: Transfers): RouterMiddleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(PREFIX) || (ctx.method !== "GET" && ctx.method !== "HEAD")) return next();
    const path = decodeURIComponent(ctx.path.slice(PREFIX.length)); // request/target.ts has seen that it can be decoded and goes nowhere else
    await sendFile(ctx, path, await locate(world.staticFolder, path), world, transfers);
  };
}

interface Located {
  /** Real path of the folder, and of the file below it: links are resolved. */
  readonly root: string;
  readonly path: string;
  readonly size: number;
  readonly tag: string;
}

const NOWHERE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EACCES"]);

/** Throws Refusal 404 for whatever is not a visible regular file inside `folder` once every link is followed. */
async function locate(folder: string, path: string): Promise<Located> {
  const absent = (because: string): Refusal =>
    new Refusal(404, {
      what: `there is no ${PREFIX}${path.slice(0, 200)}`,
      because,
      todo: "check the address, then `bsroot-builder verify`",
    });
  try {
    const root = await realpath(folder);
    const real = await realpath(resolve(root, path));
    const inside = relative(root, real);
    if (!real.startsWith(root + sep)) throw absent("it leads out of the folder that is served");
    if ([...path.split("/"), ...inside.split(sep)].some((part) => part.startsWith("."))) throw absent("hidden files are not served");
    const facts = await stat(real);
    if (!facts.isFile()) throw absent("it is not a file");
    const { size, mtimeMs, ino } = facts;
    // Strong, so that If-Range may trust it (RFC 9110 §8.8.1): a bsroot's files are replaced by renaming, never written in place.
    return { root, path: inside, size, tag: `"${[size, mtimeMs, ino].map((n) => Math.trunc(n).toString(36)).join("-")}"` };
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code ?? "")) throw absent("no such file is in bsroot");
    throw error;
  }
}

function sendFile(ctx: RouterContext, name: string, file: Located, world: World, transfers: Transfers): Promise<void> {
  const { req, res } = ctx;
  const { mac, address } = callerOf(req.socket.remoteAddress, world.machines);
  if (!honoured(req.headers.range, ctx.get("If-Range"))) delete req.headers.range;
  ctx.respond = false;
  ctx.status = 200;
  ctx.set({ "Cache-Control": "no-cache", ETag: file.tag });

  return new Promise((done, failed) => {
    const options = { root: file.root, dotfiles: "ignore", index: false, highWaterMark: chunk(transfers.running) } as const;
    const sending = send(req, file.path.split(sep).map(encodeURIComponent).join("/"), options);
    sending.on("stream", (bytes: NodeJS.ReadableStream) => {
      const start = Number(/^bytes (\d+)-/.exec(String(res.getHeader("Content-Range") ?? ""))?.[1] ?? 0);
      const download = transfers.begin(mac, name, file.size, start);
      bytes.on("data", (part: Uint8Array) => download.advance(part.length));
      res.once("close", () => {
        download.end();
        if (mac && !res.writableFinished) {
          const missing = `download of ${name} broke off: ${address} closed the connection before its end`;
          world.journal({ from: "http", mac, level: "warning", text: missing });
        }
      });
    });
    sending.on("error", (error: { readonly status?: number }) => failed(asRefusal(error, name, file.size)));
    res.once("close", done);
    sending.pipe(res);
  });
}

/** One large chunk is fastest for a few machines; a whole rack shares about 64 MiB. */
const chunk = (running: number): number => Math.min(1024, Math.max(64, Math.floor(65_536 / (running + 1)))) * 1024;

function asRefusal(error: { readonly status?: number }, name: string, size: number): unknown {
  const what = `${PREFIX}${name} was not sent`;
  if (error.status === 416) {
    const reasons = {
      what,
      because: `it has ${size} bytes, and the range lies behind them`,
      todo: "ask for a range inside it, or for all of it",
    };
    return new Refusal(416, reasons, { headers: { "Content-Range": `bytes */${size}` } });
  }
  if (error.status === 412)
    return new Refusal(412, { what, because: "it is not the file you have a part of", todo: "fetch all of it again" });
  if (error.status === 404) return new Refusal(404, { what, because: "it is gone", todo: "check the address" });
  return error;
}
