/** What every test of a node's script begins with: a bootstrapper to talk to, and a bench to run on; both gone after it. */
import { afterEach, beforeAll, beforeEach } from "vitest";
import { makeTls, type Tls } from "../tls.ts";
import { Provisioner } from "./provisioner.ts";
import { Bench } from "./shells.ts";

export interface Laid {
  readonly tls: Tls;
  readonly server: Provisioner;
  readonly bench: Bench;
}

/** `lay` takes them and adds what the file's tests want; the certificates serve all of them. */
export function beforeEachScript(lay: (laid: Laid) => void): void {
  let tls: Tls;
  let laid: Laid;
  beforeAll(() => {
    tls = makeTls();
  });
  beforeEach(async () => {
    laid = { tls, server: await Provisioner.start(tls), bench: new Bench() };
    lay(laid);
  });
  afterEach(async () => {
    await laid.server.stop();
    laid.bench.clear();
  });
}
