/** The script that installs one machine: the same for every OS whose image is written to a disk and configured by a file on it. */
import { dashed } from "../../cluster/address.ts";
import type { DiskRule } from "../../cluster/cluster.ts";
import type { BootContext, InstallFacts } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";
import { render } from "../render.ts";

/** What differs from one OS target to the next. */
export interface Installation {
  /** The disk image, below /static. Its ending says how it is packed. */
  readonly image: string;
  /** Label of the file system in the image that takes the first-boot configuration, and the file's name there. */
  readonly configLabel: string;
  readonly configFile: string;
  /** Bytes in a sector of the disks that the image is made for; absent: nobody knows. */
  readonly sector?: number;
  /** Bytes the OS needs at least. */
  readonly smallestDisk: number;
}

const UNPACK: Readonly<Record<string, string>> = { zst: "zstd", gz: "gzip", xz: "xz", bz2: "bzip2" };

export function installScript({ machine, server }: BootContext, facts: InstallFacts, installation: Installation): string {
  const { image, configLabel, configFile, sector = 0, smallestDisk } = installation;
  const path = `${layout.static}/${image}`;
  return render("boot/install.sh.eta", {
    name: machine.name,
    mac: dashed(machine.mac),
    http: server.http,
    https: server.https,
    ca: server.ca,
    image: {
      url: `${server.http}/static/${image}`,
      sha256: facts.sha256(path),
      size: facts.size(path),
      sector,
      unpack: UNPACK[image.split(".").at(-1)!] ?? "cat",
    },
    config: { label: configLabel, file: configFile },
    disk: diskRule(machine.disk, smallestDisk),
    ...wipeRule(machine.disk, facts),
  });
}

/** Which disk may be taken, as install/disk reads it. */
export const diskRule = ({ device = "", serial = "", minSize = 0, maxSize = 0, pick }: DiskRule, smallestDisk: number) => ({
  device,
  serial,
  minSize: Math.max(minSize, smallestDisk),
  maxSize,
  pick,
});

/** What may be overwritten, as install/wipe reads it. */
export const wipeRule = ({ wipe }: DiskRule, { mayWipe, ours }: InstallFacts) => ({
  mayWipe: wipe === "any" || mayWipe,
  ours: ours.map(oneLine).join("\n"),
});

/** The script compares line by line; an identity that brought its own line break is nobody's disk. */
const oneLine = (identity: string): string => identity.replace(/[\r\n\0]/g, "?");
