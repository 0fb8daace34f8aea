/** Asks the program that keeps a registry's password: docker-credential-NAME get, as docker itself does (github.com/docker/docker-credential-helpers). */
import { execFile } from "node:child_process";
import { z } from "zod";
import { DownloadError } from "../download/error.ts";

const answer = z.object({ Username: z.string(), Secret: z.string() });

/** Milliseconds: it may ask somebody at the keyboard. */
const PATIENCE = 60_000;
const NOTHING = /credentials not found|no credentials server url/i;

/** What an Authorization header of type Basic says; undefined when the program knows nobody for this server. Throws DownloadError without the secret. */
export async function askHelper(name: string, server: string): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  const said = await run(program, server);
  if (said === undefined) return undefined;
  const found = answer.safeParse(asJson(said));
  if (!found.success) throw new DownloadError(`needs a password, and ${program} does not answer with one; try docker login ${server}`);
  const { Username, Secret } = found.data;
  if (Username === "<token>")
    throw new DownloadError(
      `needs a password, and ${program} has an identity token, which is not one; log in with docker login -u NAME ${server}`,
    );
  return Buffer.from(`${Username}:${Secret}`).toString("base64");
}

/** Standard output; undefined when it says that it has nothing. */
function run(program: string, server: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, ["get"], { timeout: PATIENCE, maxBuffer: 1 << 16 }, (error, stdout) => {
      if (!error) return resolve(stdout);
      if (NOTHING.test(stdout)) return resolve(undefined);
      const { code } = error as NodeJS.ErrnoException;
      const why =
        code === "ENOENT"
          ? "there is no such program; install it, or take it out of docker's config.json"
          : `it failed (${code ?? "it took too long"})`;
      reject(new DownloadError(`needs a password that ${program} keeps: ${why}`, { cause: error }));
    });
    child.stdin?.on("error", () => {}); // it may end without having read
    child.stdin?.end(`${server}\n`);
  });
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
