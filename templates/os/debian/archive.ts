/** A Debian archive: where it is fetched, where it is kept, and the lists that name its files. Lists are kept whole, because Debian signed them so. */
import { createHash } from "node:crypto";
import type { Architecture } from "../../../cluster/cluster.ts";
import type { Artifact, Index, Verify } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import { unpacked } from "../unpack.ts";
import { closure } from "./closure.ts";
import { type Package, readPackages } from "./packages-file.ts";
import { type Release, readRelease } from "./release-file.ts";
import { type Debian, SUITES, type Suite } from "./suites.ts";
import { askedFor } from "./wanted.ts";

const MIRROR = "https://ftp.debian.org/debian";

/** Below /static. Which packages are in it follows from the processor and from what is asked for, so each choice has a folder of its own. */
export function folder({ version, mirror = "", packages = [] }: Debian, architecture: Architecture): string {
  const choice = `${mirror}\n${packages.join(" ")}`;
  const id = choice === "\n" ? "" : `-${createHash("sha256").update(choice).digest("hex").slice(0, 12)}`;
  return `debian/${SUITES[version].codename}-${architecture}${id}`;
}

const dists = ({ codename }: Suite): string => `dists/${codename}`;

/** Relative to the archive, as everything below. */
export const releasePath = ({ version }: Debian): string => `${dists(SUITES[version])}/Release`;

export const BOOT_FILES = ["linux", "initrd.gz"] as const;
export const bootPath = ({ version }: Debian, architecture: Architecture, file: (typeof BOOT_FILES)[number]): string =>
  `${dists(SUITES[version])}/${images(architecture)}/${bootFile(architecture, file)}`;

const images = (architecture: Architecture): string => `main/installer-${architecture}/current/images`;
const bootFile = (architecture: Architecture, file: string): string => `netboot/debian-installer/${architecture}/${file}`;

/** Release is signed and names every list; the lists name packages and the installer's files, each with its hash. */
export function archiveIndex(os: Debian, architecture: Architecture, suite: Suite = SUITES[os.version]): Index {
  const at = filesOf(os, architecture);
  const path = `${dists(suite)}/Release`;
  const signature = at(`${path}.gpg`, { by: "first-use" }); // proves itself: whoever installs holds Release against it, as the builder does
  const debs = `main/binary-${architecture}`;
  const udebs = `main/debian-installer/binary-${architecture}`;
  return {
    artifact: at(path, { by: "openpgp", signature: signature.url, ...suite.signer, moves: true }),
    read(bytes) {
      const release = readRelease(new TextDecoder().decode(bytes));
      if (release.codename !== suite.codename)
        throw new TypeError(`this is the Release file of ${release.codename}, not of ${suite.codename}; name another mirror`);
      const list = (name: string): Artifact => {
        const { sha256, size } = listed(release, name);
        return at(`${dists(suite)}/${name}`, { by: "sha256", sha256 }, size);
      };
      return {
        artifacts: [signature, ...[`${debs}/Packages.xz`, `${udebs}/Packages.xz`, "main/i18n/Translation-en.xz"].map(list)],
        indexes: [
          packagesIndex(list(`${debs}/Packages.gz`), at, (all) => closure(all, askedFor(architecture, os.packages ?? []))),
          packagesIndex(list(`${udebs}/Packages.gz`), at, (all) => all),
          imagesIndex(list(`${images(architecture)}/SHA256SUMS`), at, os, architecture),
        ],
      };
    },
  };
}

type At = (path: string, verify: Verify, size?: number) => Artifact;

function filesOf(os: Debian, architecture: Architecture): At {
  const from = (os.mirror ?? MIRROR).replace(/\/+$/, "");
  const top = `${layout.static}/${folder(os, architecture)}`;
  return (path, verify, size) => ({
    path: `${top}/${path}`,
    url: `${from}/${path.split("/").map(encodeURIComponent).join("/")}`,
    verify,
    ...(size !== undefined && { size }),
  });
}

/** Debian's mirrors have a list as .gz, which we read, and as .xz, which apt and the installer prefer. */
const packagesIndex = (artifact: Artifact, at: At, choose: (all: readonly Package[]) => readonly Package[]): Index => ({
  artifact,
  read: (bytes) => ({
    artifacts: choose(readPackages(unpacked(bytes, "latin1"))).map(({ path, sha256, size }) => at(path, { by: "sha256", sha256 }, size)),
    indexes: [],
  }),
});

const imagesIndex = (artifact: Artifact, at: At, os: Debian, architecture: Architecture): Index => ({
  artifact,
  read(bytes) {
    const sums = new Map(
      [...new TextDecoder().decode(bytes).matchAll(/^([0-9a-f]{64}) [ *]\.\/(\S+)$/gm)].map(([, sum, name]) => [name!, sum!]),
    );
    const file = (name: (typeof BOOT_FILES)[number]): Artifact => {
      const sha256 = sums.get(bootFile(architecture, name));
      if (sha256 === undefined) throw new TypeError(`this list of the installer's files has no ${bootFile(architecture, name)}`);
      return at(bootPath(os, architecture, name), { by: "sha256", sha256 });
    };
    return { artifacts: BOOT_FILES.map(file), indexes: [] };
  },
});

function listed({ files }: Release, name: string): { readonly sha256: string; readonly size: number } {
  const found = files.get(name);
  if (!found) throw new TypeError(`this archive has no ${name}; name a mirror that is whole and has this processor`);
  return found;
}
