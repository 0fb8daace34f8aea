/** Flatcar Container Linux: its own PXE image is the live system, its disk image is written by install.sh. https://www.flatcar.org/docs/latest/ */
import { dashed } from "../../../cluster/address.ts";
import type { Architecture, Os } from "../../../cluster/cluster.ts";
import type { Artifact, OsTarget, Verify } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import type { ResolvedFile } from "../../../cluster/plan.ts";
import { installScript } from "../../boot/install.ts";
import { render } from "../../render.ts";
import { consoles } from "../consoles.ts";
import { IGNITION_TYPE, ignition } from "../ignition.ts";
import { stageOne } from "./stage-one.ts";

type Flatcar = Extract<Os, { target: "flatcar" }>;

const KERNEL = "flatcar_production_pxe.vmlinuz";
const INITRD = "flatcar_production_pxe_image.cpio.gz";
const IMAGE = "flatcar_production_image.bin.bz2";

const KEY = "https://www.flatcar.org/security/image-signing-key/Flatcar_Image_Signing_Key.asc";
/** Of the primary key; the signing subkeys below it change every two years. */
const FINGERPRINT = "F88CFEDEFF29A5B4D9523864E25D9AED0593B34A";

/** flatcar-install says the same: "Disk ≥ 8 GB". */
const SMALLEST_DISK = 8_000_000_000;

const board = (architecture: Architecture): string => `${architecture}-usr`;
const releases = ({ channel }: Flatcar, architecture: Architecture): string =>
  `https://${channel}.release.flatcar-linux.net/${board(architecture)}`;

/** Below /static, laid out as flatcar-install expects: -b http://SERVER/static/flatcar/amd64-usr -V VERSION. */
const folder = ({ version }: Flatcar, architecture: Architecture): string => {
  if (version === "current") throw new TypeError('flatcar\'s version is still "current"; resolve it with latest() first');
  return `flatcar/${board(architecture)}/${version}`;
};

export const flatcar: OsTarget<Flatcar> = {
  name: "flatcar",
  latest: (os, architecture) =>
    // The long-term channel has one "current" for each of its lines.
    os.version === "current"
      ? { url: `${releases(os, architecture)}/${os.channel === "lts" ? "current-2024" : "current"}/version.txt`, read: readVersion }
      : undefined,
  artifacts(os, architecture) {
    const file = (name: string, verify: Verify): Artifact => ({
      path: `${layout.static}/${folder(os, architecture)}/${name}`,
      url: `${releases(os, architecture)}/${os.version}/${name}`,
      verify,
    });
    const signed = (name: string): readonly Artifact[] => [
      file(name, {
        by: "openpgp",
        signature: `${releases(os, architecture)}/${os.version}/${name}.sig`,
        key: KEY,
        fingerprint: FINGERPRINT,
      }),
      file(`${name}.sig`, { by: "first-use" }),
    ];
    return [...[KERNEL, INITRD, IMAGE].flatMap(signed), file("version.txt", { by: "first-use" })];
  },
  live: ({ os, machine, server }) => ({
    kernel: `${folder(os, machine.architecture)}/${KERNEL}`,
    initrds: [`${folder(os, machine.architecture)}/${INITRD}`],
    args: [
      "flatcar.first_boot=1",
      `ignition.config.url=${server.http}/boot/${dashed(machine.mac)}.ign`,
      `BOOTIF=01-${dashed(machine.mac)}`,
      ...consoles(machine.architecture),
      "panic=30",
    ],
  }),
  stageOne,
  installScript: (context, facts) =>
    installScript(context, facts, {
      image: `${folder(context.os, context.machine.architecture)}/${IMAGE}`,
      configLabel: "OEM",
      configFile: "config.ign",
      smallestDisk: SMALLEST_DISK,
    }),
  config: (plan) => ({ contentType: IGNITION_TYPE, body: ignition({ ...plan, files: [...plan.files, updateConf()] }) }),
};

/** Nodes stay at the version the builder verified; they neither ask the internet for another nor reboot on their own. */
const updateConf = (): ResolvedFile => ({
  path: "/etc/flatcar/update.conf",
  mode: 0o644,
  content: { bytes: new TextEncoder().encode(render("os/flatcar/update.conf.eta", {})) },
});

/** FLATCAR_VERSION=4593.2.5 */
function readVersion(text: string): string {
  const version = /^FLATCAR_VERSION=(\d+\.\d+\.\d+)\s*$/m.exec(text)?.[1];
  if (version === undefined) throw new TypeError("version.txt has no line FLATCAR_VERSION=N.N.N; is a proxy or a login page in the way?");
  return version;
}
