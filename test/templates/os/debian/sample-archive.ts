/** A small Debian archive in the real formats: Release with its signature, packed lists, packages, and the installer's kernel and initrd. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Architecture } from "../../../../cluster/cluster.ts";
import type { Pages } from "../../../support/follow.ts";
import type { Signer } from "../../../support/signing.ts";

export const sha256 = (content: Uint8Array | string): string => createHash("sha256").update(content).digest("hex");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The fields of a stanza beside those that follow from its name. */
export interface Deb {
  readonly Package: string;
  readonly [field: string]: string;
}

export const pathOf = ({ Package, Version = "1", Architecture = "all" }: Deb, kind = "deb"): string =>
  `pool/main/${Package[0]}/${Package}/${Package}_${Version.replace(/^\d+:/, "")}_${Architecture}.${kind}`;

/** What stands for the package's own bytes. */
export const contentOf = ({ Package, Version = "1" }: Deb): string => `the package ${Package} ${Version}`;

export const stanza = (deb: Deb, content: Uint8Array | string = contentOf(deb), kind = "deb"): string =>
  `${Object.entries({
    Version: "1",
    Architecture: "all",
    ...deb,
    Filename: pathOf(deb, kind),
    Size: String(bytesOf(content).length),
    SHA256: sha256(content),
  })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("")}Description: words\n with a second line\n`;
const bytesOf = (content: Uint8Array | string): Uint8Array => (typeof content === "string" ? bytes(content) : content);

export interface Contents {
  readonly codename: string;
  readonly debs: readonly Deb[];
  readonly udebs?: readonly Deb[];
  readonly architectures?: readonly Architecture[];
  /** Real packages in place of words, by path. */
  readonly real?: Files;
}

export const UDEBS: readonly Deb[] = [{ Package: "anna" }, { Package: "partman-base", Version: "231" }];

export type Files = Readonly<Record<string, Uint8Array>>;

/** Path -> content, but for Release.gpg. */
export function archive({ codename, debs, udebs = UDEBS, architectures = ["amd64"], real = {} }: Contents): Files {
  const pool: Files = Object.fromEntries([
    ...debs.map((deb) => [pathOf(deb), real[pathOf(deb)] ?? bytes(contentOf(deb))] as const),
    ...udebs.map((deb) => [pathOf(deb, "udeb"), bytes(contentOf(deb))] as const),
  ]);
  const list = (some: readonly Deb[], kind: string): Uint8Array =>
    bytes(some.map((deb) => stanza(deb, pool[pathOf(deb, kind)], kind)).join("\n"));
  const perArchitecture = architectures.map((architecture) => {
    const boot: Files = Object.fromEntries(
      ["linux", "initrd.gz"].map((name) => [`netboot/debian-installer/${architecture}/${name}`, bytes(`${codename} ${name}`)]),
    );
    const sums = Object.entries(boot).map(([name, content]) => `${sha256(content)}  ./${name}\n`);
    const images = `main/installer-${architecture}/current/images`;
    return {
      boot: under(images, boot),
      lists: {
        ...packed(`main/binary-${architecture}/Packages`, list(debs, "deb")),
        ...packed(`main/debian-installer/binary-${architecture}/Packages`, list(udebs, "udeb")),
        [`${images}/SHA256SUMS`]: bytes(sums.join("")),
      },
    };
  });
  const lists: Files = Object.assign({ "main/i18n/Translation-en.xz": bytes("words") }, ...perArchitecture.map(({ lists }) => lists));
  return {
    ...pool,
    ...under(`dists/${codename}`, Object.assign({}, lists, ...perArchitecture.map(({ boot }) => boot))),
    [`dists/${codename}/Release`]: bytes(release(codename, architectures, lists)),
  };
}

/** Both forms that mirrors have; what stands for the second is never unpacked here. */
const packed = (name: string, content: Uint8Array) => ({
  [`${name}.gz`]: gzipSync(content),
  [`${name}.xz`]: bytes(`xz of ${sha256(content)}`),
});

const under = <T>(folder: string, files: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));

const release = (codename: string, architectures: readonly string[], lists: Files): string =>
  [
    "Origin: Debian",
    "Suite: stable",
    `Codename: ${codename}`,
    "Date: Sat, 11 Jul 2026 10:16:37 UTC",
    "Acquire-By-Hash: yes",
    `Architectures: all ${architectures.join(" ")}`,
    "Components: main",
    ...["MD5Sum", "SHA256"].flatMap((name) => [
      `${name}:`,
      ...Object.entries(lists).map(([path, content]) => ` ${digest(name, content)} ${String(content.length).padStart(8)} ${path}`),
    ]),
    "",
  ].join("\n");

const digest = (name: string, content: Uint8Array): string =>
  createHash(name.replace("Sum", "").toLowerCase()).update(content).digest("hex");

/** With the signature beside Release. */
export async function signed(files: Files, signer: Signer): Promise<Files> {
  const signatures = Object.entries(files)
    .filter(([path]) => path.endsWith("/Release"))
    .map(async ([path, content]) => [`${path}.gpg`, await signer.sign(content)] as const);
  return { ...files, ...Object.fromEntries(await Promise.all(signatures)) };
}

/** Whatever a mirror of it answers, wherever it is. */
export const pagesOf =
  (files: Files): Pages =>
  (url) => {
    const found = Object.entries(files).find(([path]) => decodeURIComponent(url).endsWith(`/${path}`));
    if (!found) throw new Error(`the sample archive has no ${url}`);
    return found[1];
  };
