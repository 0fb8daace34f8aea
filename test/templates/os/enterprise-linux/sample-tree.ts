/** A small installation tree in the real formats: .treeinfo, repomd.xml and packed lists of packages. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Pages } from "../../../support/follow.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");

/** As Rocky's mirrors have it: AppStream lies beside BaseOS. On a DVD it is below the tree. */
export const treeinfo = (architecture: string, repositories: Readonly<Record<string, string>> = ONLINE(architecture)): string =>
  [
    "[checksums]",
    `images/install.img = sha256:${sha256("runtime")}`,
    `images/pxeboot/initrd.img = sha256:${sha256("initrd")}`,
    `images/pxeboot/vmlinuz = sha256:${sha256("kernel")}`,
    `${[...repositories["BaseOS"]!.split("/").filter((part) => part !== "."), "repodata/repomd.xml"].join("/")} = sha256:${sha256(REPOMD)}`,
    "",
    "[general]",
    "; WARNING.0 = This section provides compatibility with pre-productmd treeinfos.",
    `arch = ${architecture}`,
    "",
    `[images-${architecture}]`,
    "initrd = images/pxeboot/initrd.img",
    "kernel = images/pxeboot/vmlinuz",
    "",
    "[stage2]",
    "mainimage = images/install.img",
    "",
    "[tree]",
    `arch = ${architecture}`,
    `platforms = ${architecture},xen`,
    `variants = ${Object.keys(repositories).join(",")}`,
    "",
    ...Object.entries(repositories).flatMap(([name, path]) => [
      `[variant-${name}]`,
      `id = ${name}`,
      `repository = ${path}`,
      "type = variant",
      "",
    ]),
  ].join("\n");

const ONLINE = (architecture: string) => ({ AppStream: `../../../AppStream/${architecture}/os/`, BaseOS: "." });

const PACKAGES: readonly (readonly [string, string])[] = [
  ["Packages/b/bash-5.1.8-9.el9.x86_64.rpm", "bash"],
  ["Packages/l/libstdc++-11.5.0-5.el9.x86_64.rpm", "libstdc++"],
  ["Packages/c/conntrack-tools-1.4.7-4.el9~rc1^git.x86_64.rpm", "conntrack"],
];

export const primary = (packages = PACKAGES, announced = packages.length): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${announced}">
${packages
  .map(
    ([href, content]) => `<package type="rpm">
  <name>${content}</name>
  <checksum type="sha256" pkgid="YES">${sha256(content)}</checksum>
  <location href="${href}"/>
  <format><rpm:requires><rpm:entry name="/bin/sh"/></rpm:requires></format>
</package>`,
  )
  .join("\n")}
</metadata>
`;

const LIST = gzipSync(primary());
export const PRIMARY = `repodata/${sha256(LIST)}-primary.xml.gz`;

export const repomd = (href = PRIMARY, sum = sha256(LIST)): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1718000000</revision>
  <data type="primary">
    <checksum type="sha256">${sum}</checksum>
    <open-checksum type="sha256">${"0".repeat(64)}</open-checksum>
    <location href="${href}"/>
    <size>${LIST.length}</size>
  </data>
  <data type="group">
    <checksum type="sha256">${sha256("comps")}</checksum>
    <location href="repodata/comps-BaseOS.xml"/>
  </data>
</repomd>
`;
const REPOMD = repomd();

/** Any tree of any distribution. */
export const pages: Pages = (url) => {
  const architecture = /x86_64|aarch64/.exec(url)?.[0] ?? "x86_64";
  if (url.endsWith("/.treeinfo")) return bytes(treeinfo(architecture));
  if (url.endsWith("/repodata/repomd.xml")) return bytes(REPOMD);
  if (url.endsWith("-primary.xml.gz")) return LIST;
  throw new Error(`the sample tree has no ${url}`);
};

/** A whole DVD as it is mounted: path -> content. */
export const dvd = (): Readonly<Record<string, string | Uint8Array>> => ({
  ".treeinfo": treeinfo("x86_64", { AppStream: "AppStream", BaseOS: "BaseOS" }),
  "images/pxeboot/vmlinuz": "kernel",
  "images/pxeboot/initrd.img": "initrd",
  "images/install.img": "runtime",
  ...Object.fromEntries(
    ["BaseOS", "AppStream"].flatMap((name) => [
      [`${name}/repodata/repomd.xml`, REPOMD],
      [`${name}/${PRIMARY}`, LIST],
      [`${name}/repodata/comps-BaseOS.xml`, "comps"],
      ...PACKAGES.map(([href, content]) => [`${name}/${href}`, content] as const),
    ]),
  ),
});
