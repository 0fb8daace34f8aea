/** What iPXE is told to do, and the script of /install.sh: rendered texts for each answer of nextBoot. None carries a secret. */
import { dashed, type Mac } from "../../cluster/address.ts";
import type { BootContext, Endpoints, LiveBoot } from "../../cluster/extension.ts";
import { render } from "../render.ts";
import { ipxeSentence } from "../spelling.ts";

/** Boots the live system that installs. */
export function install({ machine, server }: BootContext, live: LiveBoot): string {
  const initrds = live.initrds.map((path, index) => ({ name: `initrd-${index}`, url: `${server.http}/static/${path}` }));
  return render("boot/install.ipxe.eta", {
    who: ipxeSentence(`${machine.name} (${machine.mac})`),
    what: machine.os.target,
    server: server.http,
    kernel: `${server.http}/static/${live.kernel}`,
    // A kernel started by UEFI looks its initrd up by this name.
    args: [...initrds.map(({ name }) => `initrd=${name}`), ...live.args],
    initrds,
  });
}

/** What the console shows of a machine that boots its disk: because it is installed, or because it is not to be. */
export const saysLocal = (name: string): string => `${name} is installed and boots from its own disk`;
export const saysDiscover = (mac: Mac, name?: string): string =>
  name === undefined
    ? `${mac} is not in cluster-desc.yml and is left as it is; list this MAC under machines to install it`
    : `${name} (${mac}) waits for the operator to let it install and boots from its own disk until then`;

/** Boots the disk of an installed machine. */
export const local = (name: string): string => render("boot/local.ipxe.eta", { says: ipxeSentence(saysLocal(name)) });

/** Tells an unknown or pooled machine who it is, then leaves it to its disk. */
export const discover = (mac: Mac, name?: string): string => render("boot/local.ipxe.eta", { says: ipxeSentence(saysDiscover(mac, name)) });

/** Boots nothing from us. */
export const nothing = (because: string): string => render("boot/nothing.ipxe.eta", { because: ipxeSentence(because) });

/** The script of /install.sh, for live systems that do not know their own MAC. */
export const wayIn = ({ http }: Endpoints): string => render("boot/way-in.sh.eta", { http });

/** Where a machine's install script is fetched. */
export const installUrl = ({ machine, server }: BootContext): string => `${server.http}/install/${dashed(machine.mac)}.sh`;
