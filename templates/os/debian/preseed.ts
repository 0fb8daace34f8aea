/** The answers of Debian's installer for one machine. */
import { dashed } from "../../../cluster/address.ts";
import type { BootContext } from "../../../cluster/extension.ts";
import { fqdn } from "../../../cluster/queries.ts";
import { installUrl } from "../../boot/scripts.ts";
import { render } from "../../render.ts";
import { consoles } from "../consoles.ts";
import { folder } from "./archive.ts";
import { type Debian, SUITES } from "./suites.ts";
import { KERNELS, PACKAGES } from "./wanted.ts";

/** Where the installer finds them. */
export const preseedUrl = ({ machine, server }: BootContext): string => `${server.http}/boot/${dashed(machine.mac)}.cfg`;

export function preseed(context: BootContext<Debian>): string {
  const { cluster, machine, os, server } = context;
  return render("os/debian/preseed.cfg.eta", {
    who: fqdn(machine, cluster),
    script: installUrl(context),
    host: new URL(server.http).host,
    folder: `/static/${folder(os, machine.architecture)}`,
    suite: SUITES[os.version].codename,
    kernel: KERNELS[machine.architecture],
    packages: [...PACKAGES, ...(os.packages ?? [])],
    args: consoles(machine.architecture),
  });
}
