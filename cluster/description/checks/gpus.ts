/** Whether a machine's GPU can be driven without the internet: only where the system publishes the driver ready for each of its releases. */
import type { Architecture } from "../../cluster.ts";
import type { Finding, Path } from "../problem.ts";

export interface GpuFacts {
  /** Of the machine's `gpu:`. */
  readonly path: Path;
  readonly architecture: Architecture | undefined;
  readonly target: string | undefined;
  readonly version: string | undefined;
}

/** Flatcar publishes NVIDIA's driver as an extension since this release. */
const SINCE = 4344;

export function* checkGpus({ gpus = [] }: { readonly gpus?: readonly GpuFacts[] }): Iterable<Finding> {
  for (const { path, architecture, target, version } of gpus) {
    const wrong = objection(target, version, architecture);
    if (wrong !== undefined) yield { path, message: wrong };
  }
}

function objection(target: string | undefined, version: string | undefined, architecture: Architecture | undefined): string | undefined {
  if (target !== undefined && target !== "flatcar")
    return `there is no driver for ${target} that works on any of its kernels without being built there; install it yourself (extras: carries files along) and write the label nvidia.com/gpu.present: "true" instead`;
  if (architecture === "arm64") return "Flatcar publishes NVIDIA's driver for amd64 only; leave gpu: out";
  if (version !== undefined && version !== "current" && Number.parseInt(version, 10) < SINCE)
    return `Flatcar ${version} has no driver ready; write version: current, or ${SINCE}.0.0 or newer`;
  return undefined;
}
