/** Small texts that are read: keys, signatures, version lists, manifests. Each URL is asked for once in a build. */
import { DownloadError } from "./error.ts";
import type { FetchTools } from "./fetch.ts";
import { refuseWebPage } from "./page.ts";

/** Bytes: a manifest of a container image may have 4 MiB (OCI distribution-spec, "Pushing Manifests"). */
const LIMIT = 4 << 20;
const TRIES = 4;

export class SmallFiles {
  readonly #tools: Pick<FetchTools, "open" | "sleep">;
  readonly #known = new Map<string, Promise<Uint8Array>>();

  constructor(tools: Pick<FetchTools, "open" | "sleep">) {
    this.#tools = tools;
  }

  /** `url` with mirrors applied. Throws DownloadError. */
  get(url: string): Promise<Uint8Array> {
    let answer = this.#known.get(url);
    if (!answer) {
      answer = this.#fetch(url);
      this.#known.set(url, answer);
    }
    return answer;
  }

  async #fetch(url: string): Promise<Uint8Array> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await this.#once(url);
      } catch (error) {
        if (!(error instanceof DownloadError) || !error.again || failures === TRIES) throw error;
        await this.#tools.sleep(error.after ?? 500 * 2 ** (failures - 1));
      }
    }
  }

  async #once(url: string): Promise<Uint8Array> {
    const source = await this.#tools.open({ url, offset: 0 });
    try {
      const chunks: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of source.body) {
        if (length === 0) refuseWebPage(chunk, url);
        length += chunk.length;
        if (length > LIMIT) throw new DownloadError("is over 4 MiB, too long for a key, a signature, a version or a manifest");
        chunks.push(chunk);
      }
      if (source.size !== undefined && length < source.size)
        throw new DownloadError(`ends after ${length} of ${source.size} bytes`, { again: true });
      return Buffer.concat(chunks);
    } finally {
      source.close();
    }
  }
}
