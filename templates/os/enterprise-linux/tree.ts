/** An installation tree: where it is fetched, where it is kept, and the lists that name its files. */
import { createHash } from "node:crypto";
import type { Architecture, Os } from "../../../cluster/cluster.ts";
import type { Artifact, Index, Named, Verify } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import { unpacked } from "../unpack.ts";
import { readPrimary, readRepomd } from "./repodata.ts";
import { readTreeInfo } from "./treeinfo.ts";

export type EnterpriseLinux = Extract<Os, { target: "enterprise-linux" }>;

/** What every installation needs: the base system, and what Kubernetes asks of a host (conntrack, container-selinux, socat). */
export const REPOSITORIES = ["BaseOS", "AppStream"] as const;

/** In the tree we keep, whatever they are called where it came from. */
export const KERNEL = "images/pxeboot/vmlinuz";
export const INITRD = "images/pxeboot/initrd.img";
const RUNTIME = "images/install.img";
export const REPOMD = "repodata/repomd.xml";

const MACHINES: Readonly<Record<Architecture, string>> = { amd64: "x86_64", arm64: "aarch64" };
const MIRRORS: Readonly<Record<EnterpriseLinux["distribution"], (version: string) => string>> = {
  rocky: (version) => `https://download.rockylinux.org/pub/rocky/${version}`,
  almalinux: (version) => `https://repo.almalinux.org/almalinux/${version}`,
  "centos-stream": (version) => `https://mirror.stream.centos.org/${version}-stream`,
};

/** Where the tree is, without a slash at its end. */
function source({ distribution, version, tree }: EnterpriseLinux, architecture: Architecture): string {
  return tree?.url.replace(/\/+$/, "") ?? `${MIRRORS[distribution](version)}/BaseOS/${MACHINES[architecture]}/os`;
}

/** Below /static. A tree from elsewhere has a folder of its own, so that two of them never mix. */
export function folder(os: EnterpriseLinux, architecture: Architecture): string {
  const { distribution, version, tree } = os;
  const id =
    tree &&
    `-${createHash("sha256")
      .update(`${tree.url}\n${tree.sha256 ?? ""}`)
      .digest("hex")
      .slice(0, 12)}`;
  return `enterprise-linux/${distribution}-${version}-${MACHINES[architecture]}${id ?? ""}`;
}

/** .treeinfo names kernel, initrd, installer and repositories; each repository names its packages. */
export function treeIndex(os: EnterpriseLinux, architecture: Architecture): Index {
  const from = source(os, architecture);
  const { sha256 } = os.tree ?? {};
  const place = (path: string): string => `${layout.static}/${folder(os, architecture)}/${path}`;
  return {
    artifact: { path: place("treeinfo"), url: `${from}/.treeinfo`, verify: sha256 === undefined ? FIRST_USE : { by: "sha256", sha256 } },
    read(bytes) {
      const info = readTreeInfo(new TextDecoder().decode(bytes));
      if (info.architecture !== MACHINES[architecture])
        throw new TypeError(`this tree is for ${info.architecture}, and the machine is ${MACHINES[architecture]}; name a tree for it`);
      const file = (path: string, at: string): Artifact => ({
        path: place(at),
        url: `${from}/${inside(path)}`,
        verify: verifyBy(info.checksums[path]),
      });
      return {
        artifacts: [file(info.kernel, KERNEL), file(info.initrd, INITRD), file(info.runtime, RUNTIME)],
        indexes: REPOSITORIES.map((name) => {
          const path = info.repositories[name];
          if (path === undefined) throw new TypeError(`this tree names no repository ${name}; name a tree or a mounted DVD that has it`);
          return repositoryIndex(joined(from, path), place(name), info.checksums[below(path, REPOMD)]);
        }),
      };
    },
  };
}

function repositoryIndex(from: string, place: string, sha256: string | undefined): Index {
  const at = (path: string, verify: Verify): Artifact => ({ path: `${place}/${path}`, url: `${from}/${spelled(path)}`, verify });
  const vouched = (file: { readonly path: string; readonly sha256: string }): Artifact => at(file.path, verifyBy(file.sha256));
  return {
    artifact: at(REPOMD, verifyBy(sha256)),
    read(bytes): Named {
      const { files, primary } = readRepomd(new TextDecoder().decode(bytes));
      const packages: Index = {
        artifact: vouched(primary),
        read: (list) => ({ artifacts: readPrimary(unpacked(list)).map(vouched), indexes: [] }),
      };
      return { artifacts: files.filter(({ path }) => path !== primary.path).map(vouched), indexes: [packages] };
    },
  };
}

const FIRST_USE: Verify = { by: "first-use" };
const verifyBy = (sha256: string | undefined): Verify => (sha256 === undefined ? FIRST_USE : { by: "sha256", sha256 });

/** As checksums spell it: "repodata/repomd.xml" for the repository ".", "BaseOS/repodata/repomd.xml" for "./BaseOS/". */
const below = (folder: string, path: string): string =>
  [...folder.split("/").filter((part) => part !== "" && part !== "."), path].join("/");
const spelled = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** A file that .treeinfo names lies in its tree. */
function inside(path: string): string {
  if (!path.split("/").every((part) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(part)))
    throw new TypeError(`${JSON.stringify(path.slice(0, 100))} is no plain path inside a tree`);
  return path;
}

/** A repository may lie beside its tree ("../../../AppStream/x86_64/os"), but on the same server or disk. */
function joined(from: string, path: string): string {
  const url = new URL(path, `${from}/`);
  if (/^[a-z]+:|^\/\//i.test(path) || url.origin !== new URL(from).origin) throw new TypeError(`${path} leads away from ${from}`);
  return url.href.replace(/\/+$/, "");
}
