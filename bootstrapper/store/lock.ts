/**
 * One process per state folder, held by a listening socket: the kernel lets go of it however the process ends, it works between containers
 * that share the folder, and whoever knocks is told who is in.
 */
import { rename, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { StoreError } from "./error.ts";

/** sockaddr_un holds 108 bytes on Linux and 104 on macOS, the final zero included (unix(7)). */
const LONGEST_PATH = 100;

/** Throws StoreError while another process holds the folder. Resolves to what lets go of it. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new StoreError(`${folder}: the path of the state folder is too long; keep it below 90 characters`);
  for (let tries = 0; tries < 5; tries++) {
    const release = await listen(path);
    if (release) return release;
    const holder = await knock(path);
    if (holder) throw inUse(folder, holder);
    await takeAway(folder, path);
  }
  throw new StoreError(`${folder}: several processes want this state folder at once; start one of them`);
}

const inUse = (folder: string, holder: string): StoreError =>
  new StoreError(
    `${folder}: another bootstrapper (${holder}) works with this state folder; end it first, or give this one its own with --state`,
  );

/** undefined: something is in the way. */
function listen(path: string): Promise<(() => Promise<void>) | undefined> {
  const server = createServer((guest) => guest.on("error", () => guest.destroy()).end(`process ${process.pid}`));
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(new StoreError(`${path}: ${error.message}`, { cause: error })),
    );
    server.listen(path, () => {
      server.unref();
      resolve(() => new Promise((closed) => server.close(() => closed())));
    });
  });
}

/** Who listens there; undefined when nobody does. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const guest = connect(path);
    guest.setTimeout(1000, () => guest.destroy(new Error("no answer")));
    guest.on("data", (bytes) => {
      answer += bytes.toString();
    });
    guest.on("end", () => resolve(answer || "of unknown number"));
    guest.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ECONNREFUSED" || error.code === "ENOENT" ? undefined : "that does not answer"),
    );
  });
}

/** Removes the socket of a dead process; moved aside first, so that of two that try only one can take it, and never a living one's. */
async function takeAway(folder: string, path: string): Promise<void> {
  const aside = join(folder, `lock.${process.pid}`);
  try {
    await rename(path, aside);
  } catch {
    return; // another was quicker
  }
  const holder = await knock(aside);
  if (holder) {
    await rename(aside, path);
    throw inUse(folder, holder);
  }
  await rm(aside, { force: true });
}
