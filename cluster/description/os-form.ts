/** The operating system of a machine, as the recommended form writes it: one block for each OS target. */
import { z } from "zod";
import { DISTRIBUTIONS, type OsName } from "../cluster.ts";
import { block, fewOf, names, word } from "./fields.ts";
import * as osValues from "./os-values.ts";
import * as values from "./values.ts";
import { yesNo } from "./words.ts";

const url = word(values.sourceUrl, "https://example.com/node.img").describe("An http, https or file URL.");
const sha256 = word(values.sha256, "64 hexadecimal digits", { pattern: "^[0-9A-Fa-f]{64}$" }).describe(
  "What the file's bytes must hash to (SHA-256, hexadecimal).",
);
const source = z.union([url.transform((from) => ({ url: from })), block({ url, sha256: sha256.optional() }, "url: and sha256:")]);

const extension = block(
  {
    name: word(osValues.extensionName, "kubernetes").describe(
      "Its name: that of the image without .raw, which must also be the one inside it.",
    ),
    url,
    sha256,
  },
  "name:, url: and sha256:",
);

function eachNameOnce(extensions: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  const names = extensions.map(({ name }) => name);
  names.forEach((name, index) => {
    if (names.indexOf(name) === index) return;
    context.addIssue({
      code: "custom",
      path: [index, "name"],
      message: `"${name}" is there twice; write another name, or leave one of them out`,
    });
  });
}

const flatcar = block(
  {
    target: z.literal("flatcar").describe("Flatcar Container Linux."),
    channel: names(["stable", "beta", "alpha", "lts"]).prefault("stable").describe("Which of Flatcar's release channels."),
    version: word(osValues.flatcarVersion, "current")
      .prefault("current")
      .describe('A release such as 4593.2.5, or "current": the newest when bsroot is built, pinned in sextant.lock.'),
    extensions: fewOf(extension, "a list, each with name:, url: and sha256:")
      .superRefine(eachNameOnce)
      .optional()
      .describe("System extensions (sysext) of every node."),
    updates: yesNo.optional().describe("Whether to carry along what installed nodes update themselves with (flatcar-update)."),
  },
  "target: flatcar",
  { release: "version", stream: "channel", group: "channel", sysext: "extensions", sysexts: "extensions", update: "updates" },
);

const fedoraCoreOs = block(
  {
    target: z.literal("fedora-coreos").describe("Fedora CoreOS."),
    stream: names(["stable", "testing", "next"]).prefault("stable").describe("Which of Fedora CoreOS's update streams."),
    version: word(osValues.fedoraCoreOsVersion, "current")
      .prefault("current")
      .describe('A release such as 44.20260817.3.2, or "current": the newest when bsroot is built, pinned in sextant.lock.'),
  },
  "target: fedora-coreos",
  { channel: "stream", release: "version" },
);

const enterpriseLinux = block(
  {
    target: z.literal("enterprise-linux").describe("Rocky Linux, AlmaLinux or CentOS Stream, by its own installer."),
    distribution: names(DISTRIBUTIONS, { rockylinux: "rocky", alma: "almalinux", centos: "centos-stream", stream: "centos-stream" })
      .prefault("rocky")
      .describe("Whose Enterprise Linux."),
    version: word(osValues.enterpriseVersion, "9", { type: ["number", "string"] }).describe(
      "9 or 10, or one of their minor releases, such as 9.6.",
    ),
    tree: source
      .optional()
      .describe("Where its installation tree is, such as a mounted DVD (file:///mnt); sha256 is that of its .treeinfo."),
  },
  "target: enterprise-linux",
  { release: "version", url: "tree", dvd: "tree", repo: "tree" },
);

const debian = block(
  {
    target: z.literal("debian").describe("Debian, by its own installer."),
    version: word(osValues.debianVersion, "13", { type: ["number", "string"], enum: ["12", "13", 12, 13] }).describe(
      "12 (bookworm) or 13 (trixie); the point release is that of the mirror when bsroot is built, pinned in sextant.lock.",
    ),
    mirror: word(values.urlPrefix, "https://ftp.debian.org/debian")
      .optional()
      .describe("The archive that is mirrored, such as a company's or the snapshot of one day: the folder that holds dists/ and pool/."),
    packages: fewOf(word(osValues.debianPackage, "vim"), "a list, as in [vim]")
      .optional()
      .describe("Packages to install beside those that a node needs."),
  },
  "target: debian",
  { release: "version", url: "mirror", codename: "version", suite: "version" },
);

const ubuntu = block(
  {
    target: z.literal("ubuntu").describe("Ubuntu Server, by its own installer."),
    iso: source.describe("The ISO of the live server."),
    kernel: source.describe("Its casper/vmlinuz, such as file:///mnt/casper/vmlinuz of the mounted ISO."),
    initrd: source.describe("Its casper/initrd."),
  },
  "target: ubuntu",
  { image: "iso", url: "iso", vmlinuz: "kernel" },
);

const rawImage = block(
  {
    target: z.literal("raw-image").describe("Your own disk image, configured by Ignition on its first boot."),
    image: source.describe("The disk image that is written; one that ends with .gz, .bz2, .xz or .zst is unpacked."),
    kernel: source.describe("The kernel of the live system that installs."),
    initrd: source.describe("The initial RAM disk of the live system that installs."),
  },
  "target: raw-image",
);

const TARGETS = ["flatcar", "fedora-coreos", "enterprise-linux", "debian", "ubuntu", "raw-image"] as const satisfies readonly OsName[];
/** What people write for them. */
const OTHER_NAMES: Readonly<Record<string, (typeof TARGETS)[number]>> = {
  coreos: "flatcar",
  fcos: "fedora-coreos",
  fedora: "fedora-coreos",
  raw: "raw-image",
  image: "raw-image",
  rocky: "enterprise-linux",
  almalinux: "enterprise-linux",
  centos: "enterprise-linux",
  rhel: "enterprise-linux",
  bookworm: "debian",
  trixie: "debian",
};

export const os = z.discriminatedUnion("target", [flatcar, fedoraCoreOs, enterpriseLinux, debian, ubuntu, rawImage], {
  error: (issue) => {
    if (issue.code !== "invalid_union") return "must be a block of fields; write target: flatcar";
    const target = (issue.input as Readonly<Record<string, unknown>>)["target"];
    if (typeof target !== "string") return `is missing; write one of ${TARGETS.join(", ")}`;
    try {
      return values.oneOf(TARGETS, OTHER_NAMES)(target);
    } catch (cause) {
      return (cause as TypeError).message;
    }
  },
});
