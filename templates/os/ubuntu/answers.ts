/** The answers of Ubuntu's server installer, as cloud-config. https://canonical-subiquity.readthedocs-hosted.com/en/latest/reference/autoinstall-reference.html */
import type { BootContext } from "../../../cluster/extension.ts";
import { installUrl } from "../../boot/scripts.ts";
import { render } from "../../render.ts";

/** Stands for the disk until the first early-command has chosen it. No disk is called so: with it, the installer finds none. */
const UNCHOSEN = "/dev/disk/sextant";

const beside = (words: string): string => `sh /run/sextant.sh ${words} >/dev/console 2>&1`;
const LAST_ERROR = `grep -h -e ' ERROR ' /var/log/installer/subiquity-server-debug.log | tail -n 1`;

/** JSON, which is YAML as well. */
export const answers = (context: BootContext): string =>
  `#cloud-config\n${JSON.stringify({ autoinstall: autoinstall(context) }, null, 1)}\n`;

const autoinstall = (context: BootContext) => ({
  version: 1,
  "early-commands": [render("os/ubuntu/begin.sh.eta", { url: installUrl(context) })],
  locale: "en_US.UTF-8",
  keyboard: { layout: "us" },
  timezone: "Etc/UTC",
  "refresh-installer": { update: false },
  source: { id: "ubuntu-server", search_drivers: false },
  network: { version: 2, ethernets: { booted: { match: { macaddress: context.machine.mac }, dhcp4: true } } },
  // There is no archive to reach: the system comes out of the ISO.
  apt: { geoip: false, fallback: "offline-install" },
  storage: { layout: { name: "direct", match: { path: UNCHOSEN } }, swap: { size: 0 }, grub: { reorder_uefi: false } },
  ssh: { "install-server": true, "allow-pw": false },
  // Nobody beside those of the configuration; the name is theirs too.
  "user-data": { users: [], preserve_hostname: true, ssh_pwauth: false },
  "late-commands": [beside("configure /target")],
  "error-commands": [beside(`failed "the installer gave up: $(${LAST_ERROR})"`)],
  shutdown: "reboot",
});
