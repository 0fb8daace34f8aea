/** The releases of Debian that can be installed, and whose signature their lists carry. https://ftp-master.debian.org/keys.html */
import type { Os } from "../../../cluster/cluster.ts";
import type { Signed } from "../../../cluster/extension.ts";

export type Debian = Extract<Os, { target: "debian" }>;

export interface Suite {
  readonly codename: string;
  /** The archive's own key for this release, by its primary key's fingerprint. */
  readonly signer: Omit<Signed, "signature">;
}

const suite = (codename: string, version: string, fingerprint: string): Suite => ({
  codename,
  signer: { key: `https://ftp-master.debian.org/keys/archive-key-${version}.asc`, fingerprint },
});

export const SUITES: Readonly<Record<Debian["version"], Suite>> = {
  "12": suite("bookworm", "12", "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"),
  "13": suite("trixie", "13", "04B54C3CDCA79751B16BC6B5225629DF75B188BD"),
};
