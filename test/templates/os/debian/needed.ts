/** Everything that a Debian node is made of, as packages without dependencies: what an archive of the tests has at least. */

import { ARCHITECTURES } from "../../../../cluster/cluster.ts";
import { askedFor } from "../../../../templates/os/debian/wanted.ts";
import type { Pages } from "../../../support/follow.ts";
import { archive, type Deb, pagesOf } from "./sample-archive.ts";

export const DEBIAN_DEBS: readonly Deb[] = [
  { Package: "base-files", Essential: "yes", Priority: "required" },
  ...[...new Set(ARCHITECTURES.flatMap((architecture) => askedFor(architecture, []).names))].map((name) => ({ Package: name })),
];

/** Whatever a mirror of trixie answers, for any processor. */
export const pages: Pages = pagesOf(archive({ codename: "trixie", debs: DEBIAN_DEBS, architectures: ARCHITECTURES }));
