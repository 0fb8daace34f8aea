/** The block `kubernetes` as it was written -> what it means. */
import type { z } from "zod";
import { nth } from "../address.ts";
import type { Kubernetes } from "../cluster.ts";
import type { kubernetes } from "./kubernetes-form.ts";

export function kubernetesOf({
  version,
  dnsAddress,
  components,
  virtualAddress,
  reserved,
  expectedEtcd,
  addons,
  imagePullSecrets,
  charts,
  ...written
}: z.output<typeof kubernetes>): Kubernetes {
  return {
    ...written,
    ...(version && { version }),
    components: withoutAbsent(components),
    dnsAddress: dnsAddress ?? nth(written.serviceSubnet, 10),
    ...(virtualAddress && { virtualAddress }),
    reserved: { system: withoutAbsent(reserved.system), kube: withoutAbsent(reserved.kube) },
    ...(expectedEtcd !== undefined && { expectedEtcd }),
    addons: Object.entries(addons).map(([name, settings]) => ({ name, settings })),
    imagePullSecrets: imagePullSecrets.map(({ namespaces, ca, ...secret }) => ({
      ...secret,
      ...(ca && { ca }),
      namespaces: [...new Set(namespaces)],
    })),
    charts: charts.map(({ sha256, ...chart }) => ({ ...chart, ...(sha256 && { sha256 }) })),
  };
}

/** Fields that are there, and are not there as undefined. */
const withoutAbsent = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
