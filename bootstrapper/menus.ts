/** What a loader other than iPXE is given to read: the same decision and the same machine as makeTexts' boot script, in the loader's language. */
import type { Mac } from "../cluster/address.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Endpoints } from "../cluster/extension.ts";
import { becomes } from "../cluster/queries.ts";
import { bootMenus, type MenuLoader } from "../templates/registry.ts";
import type { NextBoot } from "./machines/machine.ts";

export interface MenuSettings {
  readonly cluster: Cluster;
  readonly server: Endpoints;
}

/** Throws when the description does not say what to install. */
export function menuFor(loader: MenuLoader, mac: Mac, next: NextBoot, { cluster, server }: MenuSettings): string {
  const machine = becomes(cluster, mac);
  switch (next.do) {
    case "install":
      if (!machine) throw new Error(`${mac} is not in cluster-desc.yml, so nothing is installed on it`);
      return bootMenus.install(loader, { cluster, machine, os: machine.os, server });
    case "local":
      return bootMenus.local(loader, machine?.name ?? mac);
    case "discover":
      return bootMenus.discover(loader, mac, machine?.name);
    case "nothing":
      return bootMenus.nothing(loader, next.because);
  }
}

/** For an address nobody holds, or one that asks as another machine than the one that holds it. */
export const menuForStranger = (loader: MenuLoader, because: string): string => bootMenus.stranger(loader, because);
