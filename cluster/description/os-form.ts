/** The operating system of a machine, as the recommended form writes it: one block for each OS target. */
import { z } from "zod";
import { block, names, word } from "./fields.ts";
import * as values from "./values.ts";

const url = word(values.sourceUrl, "https://example.com/node.img").describe("An http, https or file URL.");
const source = z.union([
  url.transform((from) => ({ url: from })),
  block(
    {
      url,
      sha256: word(values.sha256, "64 hexadecimal digits", { pattern: "^[0-9A-Fa-f]{64}$" })
        .optional()
        .describe("What the file's bytes must hash to (SHA-256, hexadecimal)."),
    },
    "url: and sha256:",
  ),
]);

const flatcar = block(
  {
    target: z.literal("flatcar").describe("Flatcar Container Linux."),
    channel: names(["stable", "beta", "alpha", "lts"]).prefault("stable").describe("Which of Flatcar's release channels."),
    version: word(values.flatcarVersion, "current")
      .prefault("current")
      .describe('A release such as 4593.2.5, or "current": the newest when bsroot is built, pinned in sextant.lock.'),
  },
  "target: flatcar",
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

export const os = z.discriminatedUnion("target", [flatcar, rawImage], {
  error: (issue) => {
    if (issue.code !== "invalid_union") return "must be a block of fields; write target: flatcar";
    const target = (issue.input as Readonly<Record<string, unknown>>)["target"];
    if (typeof target !== "string") return "is missing; write flatcar or raw-image";
    try {
      return values.oneOf(["flatcar", "raw-image"], { coreos: "flatcar", raw: "raw-image", image: "raw-image" })(target);
    } catch (cause) {
      return (cause as TypeError).message;
    }
  },
});
