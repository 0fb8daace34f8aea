/** /static: the files of bsroot, by range or whole, and never one that lies outside of it. */
import { realpath, stat } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import type { RouterContext, RouterMiddleware } from "@koa/router";
import send from "send";
import { type HotFiles, tagOf, type Version } from "./files.ts";
import { Refusal } from "./refusal.ts";
import { callerOf } from "./request/caller.ts";
import { honoured } from "./request/range.ts";
import type { Transfers } from "./transfers.ts";
import type { World } from "./world.ts";

const PREFIX = "/static/";

export function staticFiles(world: World, transfers: Transfers, files: HotFiles): RouterMiddleware {
  return async (ctx, next) => {
    if (!ctx.path.startsWith(PREFIX) || (ctx.method !== "GET" && ctx.method !== "HEAD")) return next();
    const path = decodeURIComponent(ctx.path.slice(PREFIX.length)); // request/target.ts has seen that it can be decoded and goes nowhere else
    await sendFile(ctx, path, await locate(world.staticFolder, path), { world, transfers, files });
  };
}

interface Located extends Version {
  /** Real path of the folder, and the file's below it. */
  readonly root: string;
  readonly inside: string;
}

interface Sources {
  readonly world: World;
  readonly transfers: Transfers;
  readonly files: HotFiles;
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
    return { root, inside, path: real, size: facts.size, tag: tagOf(facts) };
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code ?? "")) throw absent("no such file is in bsroot");
    throw error;
  }
}

/** `send` decides what of the file is to be sent (RFC 9110 §13 and §14), and `files` has its bytes. */
function sendFile(ctx: RouterContext, name: string, file: Located, { world, transfers, files }: Sources): Promise<void> {
  const { req, res } = ctx;
  const { mac, address } = callerOf(req.socket.remoteAddress, world.machines);
  if (!honoured(req.headers.range, ctx.get("If-Range"))) delete req.headers.range;
  ctx.respond = false;
  ctx.status = 200;
  ctx.set({ "Cache-Control": "no-cache", ETag: file.tag });

  return new Promise((done, failed) => {
    const sending = send(req, file.inside.split(sep).map(encodeURIComponent).join("/"), {
      root: file.root,
      dotfiles: "ignore",
      index: false,
    });
    sending.stream = (_, part) => {
      const { start, end } = part as { readonly start: number; readonly end: number }; // the last byte is meant

      const bytes = files.stream(file, start, end + 1);
      const download = transfers.begin(mac, name, file.size, start);
      bytes.on("data", (part: Uint8Array) => download.advance(part.length));
      bytes.once("error", failed);
      res.once("close", () => {
        bytes.destroy();
        download.end();
        if (mac && !res.writableFinished) {
          const missing = `download of ${name} broke off: ${address} closed the connection before its end`;
          world.journal({ from: "http", mac, level: "warning", text: missing });
        }
      });
      bytes.pipe(res);
    };
    sending.on("error", (error: { readonly status?: number }) => failed(asRefusal(error, name, file.size)));
    res.once("close", done);
    sending.pipe(res);
  });
}

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
