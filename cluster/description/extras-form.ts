/** Any further files that a site wants carried along, as the recommended form writes them. */
import { ARCHITECTURES } from "../cluster.ts";
import { block, list, names, word } from "./fields.ts";
import * as values from "./values.ts";

const extra = block(
  {
    url: word(values.sourceUrl, "https://example.com/tool.tar.gz").describe("Where it is: an http, https or file URL."),
    sha256: word(values.sha256, "64 hexadecimal digits", { pattern: "^[0-9A-Fa-f]{64}$" }).describe(
      "What its bytes must hash to (SHA-256, hexadecimal).",
    ),
    path: word(values.extraPath, "tools/tool").describe("Where machines find it, below /static/extras/."),
    member: word(values.memberName, "bin/tool").optional().describe("The one file of the .tar.gz that is meant, instead of all of it."),
    arch: names(ARCHITECTURES, { x86_64: "amd64", aarch64: "arm64" })
      .optional()
      .describe("Carried along only if a machine has this processor."),
  },
  "url:, sha256: and path:",
  { architecture: "arch", hash: "sha256", checksum: "sha256", to: "path", target: "path", unpack: "member" },
);

export const extras = list(extra, "a list of files, each with url:, sha256: and path:");
