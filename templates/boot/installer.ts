/** The script beside an operating system's own installer: permission, disk, configuration and reports, in the order that install.sh has. */
import { dashed } from "../../cluster/address.ts";
import type { BootContext, InstallFacts } from "../../cluster/extension.ts";
import { layout } from "../../cluster/layout.ts";
import { render } from "../render.ts";
import { diskRule, wipeRule } from "./install.ts";

/** What differs from one OS target to the next. */
export interface Beside {
  /** Below /static: what the installer checks its packages against. */
  readonly lists: readonly string[];
  /** The file below /static that the installer runs from, and where it mounts it. */
  readonly medium?: { readonly path: string; readonly folder: string };
  /** Bytes the OS needs at least. */
  readonly smallestDisk: number;
  /** The installer has little more than busybox, GNU wget and blkid. */
  readonly bare?: true;
}

export function besideInstaller(
  { machine, server }: BootContext,
  facts: InstallFacts,
  { lists, medium, smallestDisk, bare }: Beside,
): string {
  return render("boot/installer.sh.eta", {
    name: machine.name,
    mac: dashed(machine.mac),
    http: server.http,
    https: server.https,
    ca: server.ca,
    lists: lists.map((path) => `${facts.sha256(`${layout.static}/${path}`)} ${server.http}/static/${path}`).join("\n"),
    medium: medium ? { folder: medium.folder, ...hashed(facts, `${layout.static}/${medium.path}`) } : { folder: "", sha256: "", size: 0 },
    disk: diskRule(machine.disk, smallestDisk),
    ...wipeRule(machine.disk, facts),
    bare: bare === true,
  });
}

const hashed = ({ sha256, size }: InstallFacts, path: string) => ({ sha256: sha256(path), size: size(path) });
