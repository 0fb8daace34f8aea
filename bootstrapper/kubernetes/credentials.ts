/** Who we are to the cluster: a CA, a certificate and its key out of the bsroot. */
import { ApiError, type Credentials } from "./api.ts";

/** Paths below tls/ of the bsroot. Rejects with ApiError. */
export async function credentialsOf(
  readSecret: (path: string) => Promise<Uint8Array>,
  paths: { readonly [Part in keyof Credentials]: string },
): Promise<Credentials> {
  const read = async (path: string): Promise<string> => {
    try {
      return Buffer.from(await readSecret(path)).toString("utf8");
    } catch {
      throw new ApiError(`${path} cannot be read; build the bsroot again with bsroot-builder and copy it here whole`);
    }
  };
  const [ca, cert, key] = await Promise.all([read(paths.ca), read(paths.cert), read(paths.key)]);
  return { ca, cert, key };
}
