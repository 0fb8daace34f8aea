/** Fedora CoreOS: its PXE image is the live system, its metal image is written by install.sh. https://docs.fedoraproject.org/en-US/fedora-coreos/bare-metal/ */
import { dashed } from "../../../cluster/address.ts";
import type { Architecture, Os } from "../../../cluster/cluster.ts";
import type { Artifact, OsTarget } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import type { ResolvedFile } from "../../../cluster/plan.ts";
import { installScript } from "../../boot/install.ts";
import { render } from "../../render.ts";
import { withChrony } from "../chrony.ts";
import { consoles } from "../consoles.ts";
import { IGNITION_TYPE, ignition } from "../ignition.ts";
import { stageOne } from "../ignition-live/stage-one.ts";
import { readRelease, vouched } from "./release.ts";

type FedoraCoreOs = Extract<Os, { target: "fedora-coreos" }>;

const BUILDS = "https://builds.coreos.fedoraproject.org";

/** As Fedora calls processors. */
const ARCH: Readonly<Record<Architecture, string>> = { amd64: "x86_64", arm64: "aarch64" };

/** The image alone is 2.5 GB; Fedora CoreOS complains on each login when its root has less than 8 GiB. */
const SMALLEST_DISK = 10_000_000_000;

interface Names {
  readonly kernel: string;
  readonly initramfs: string;
  readonly rootfs: string;
  readonly image: string;
}
function names({ version }: FedoraCoreOs, architecture: Architecture): Names {
  if (version === "current") throw new TypeError('fedora-coreos\'s version is still "current"; resolve it with latest() first');
  const [start, arch] = [`fedora-coreos-${version}`, ARCH[architecture]];
  return {
    kernel: `${start}-live-kernel.${arch}`,
    initramfs: `${start}-live-initramfs.${arch}.img`,
    rootfs: `${start}-live-rootfs.${arch}.img`,
    image: `${start}-metal.${arch}.raw.xz`,
  };
}

/** Below /static, laid out as Fedora's own server has it. */
const folder = ({ stream, version }: FedoraCoreOs, architecture: Architecture): string =>
  `fedora-coreos/${stream}/${version}/${ARCH[architecture]}`;

const place = (os: FedoraCoreOs, architecture: Architecture, name: keyof Names): string =>
  `${folder(os, architecture)}/${names(os, architecture)[name]}`;

export const fedoraCoreOs: OsTarget<FedoraCoreOs> = {
  name: "fedora-coreos",
  latest: ({ stream, version }, architecture) =>
    version === "current"
      ? { url: `${BUILDS}/streams/${stream}.json`, read: (text) => readRelease(text, stream, ARCH[architecture]) }
      : undefined,
  artifacts(os, architecture) {
    const build = `${BUILDS}/prod/streams/${os.stream}/builds/${os.version}`;
    return Object.values(names(os, architecture)).map((name): Artifact => {
      const url = `${build}/${ARCH[architecture]}/${name}`;
      return {
        path: `${layout.static}/${folder(os, architecture)}/${name}`,
        url,
        verify: vouched(os.version, url, `${build}/release.json`),
      };
    });
  },
  live: ({ os, machine, server }) => ({
    kernel: place(os, machine.architecture, "kernel"),
    initrds: [place(os, machine.architecture, "initramfs")],
    args: [
      // The initramfs has the hash of the root file system that it fetches.
      `coreos.live.rootfs_url=${server.http}/static/${place(os, machine.architecture, "rootfs")}`,
      "ignition.firstboot",
      "ignition.platform.id=metal",
      `ignition.config.url=${server.http}/boot/${dashed(machine.mac)}.ign`,
      `BOOTIF=01-${dashed(machine.mac)}`,
      ...consoles(machine.architecture),
      "panic=30",
    ],
  }),
  stageOne,
  installScript: (context, facts) =>
    installScript(context, facts, {
      image: place(context.os, context.machine.architecture, "image"),
      configLabel: "boot",
      configFile: "ignition/config.ign",
      sector: 512,
      smallestDisk: SMALLEST_DISK,
    }),
  config(plan) {
    const timed = withChrony(plan);
    return { contentType: IGNITION_TYPE, body: ignition({ ...timed, files: [...timed.files, noUpdates()] }) };
  },
};

/** Nodes stay at the version the builder verified: Zincati neither asks the internet for another nor reboots them. */
const noUpdates = (): ResolvedFile => ({
  path: "/etc/zincati/config.d/90-sextant.toml",
  mode: 0o644,
  content: { bytes: new TextEncoder().encode(render("os/fedora-coreos/zincati.toml.eta", {})) },
});
