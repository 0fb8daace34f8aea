/** render: what one machine will be served, before it is switched on. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Mac, mac } from "../../cluster/address.ts";
import { layout } from "../../cluster/layout.ts";
import { LockError, resolve } from "../../cluster/resolve.ts";
import { RenderError, renderFor, type View } from "../render.ts";
import { LockFileError, lockPath, readLock } from "../write/lock-file.ts";
import { readDescription } from "./description.ts";
import { Failure } from "./failure.ts";

export interface RenderOptions {
  readonly file: string;
  readonly what: View;
  /** Where the certificate of the appliance's CA is read from, if it is built already. */
  readonly bsroot: string;
}

/** Throws Failure. */
export async function render(address: string, { file, what, bsroot }: RenderOptions): Promise<string> {
  const { path, cluster } = await readDescription(file);
  try {
    const lock = await readLock(lockPath(path));
    const ca = await readFile(join(bsroot, layout.tls.ca), "utf8").catch(() => UNBUILT_CA);
    // What DHCP says has nothing to do with versions, so it can be seen before the first build.
    return renderFor(parseMac(address), what, what === "dhcp" ? cluster : resolve(cluster, lock), lock, ca);
  } catch (error) {
    const known = error instanceof RenderError || error instanceof LockError || error instanceof LockFileError;
    throw known ? new Failure([error.message]) : error;
  }
}

const UNBUILT_CA = "-----BEGIN CERTIFICATE-----\n(made by bsroot-builder build)\n-----END CERTIFICATE-----\n";

function parseMac(text: string): Mac {
  try {
    return mac(text);
  } catch (error) {
    throw new RenderError((error as Error).message);
  }
}
