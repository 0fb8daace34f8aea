/** A described machine that the test plays itself: it speaks from the machine's address as its installer would. */
import { ipv4, mac } from "../../cluster/address.ts";
import type { Machine } from "../../cluster/cluster.ts";

export const SPARE = ipv4("10.77.0.14");

export const spare: Machine = {
  mac: mac("52:54:00:77:00:04"),
  name: "spare-1",
  address: SPARE,
  roles: ["worker"],
  architecture: "amd64",
  os: { target: "flatcar", channel: "stable", version: "current" }, // the lab puts its own in place
  disk: { pick: "first", wipe: "blank" },
  labels: {},
  options: [],
  secureBoot: false,
};

interface Ignition {
  readonly storage: { readonly files: readonly { readonly path: string; readonly contents: { readonly source: string } }[] };
}

/** The text of one file in a first-boot configuration. */
export function fileIn(config: string, path: string): string {
  const { storage } = JSON.parse(config) as Ignition;
  const source = storage.files.find((file) => file.path === path)?.contents.source ?? "";
  return Buffer.from(source.replace(/^data:;base64,/, ""), "base64").toString();
}
