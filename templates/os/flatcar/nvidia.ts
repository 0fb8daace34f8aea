/** NVIDIA's driver and container runtime on Flatcar: two system extensions. https://www.flatcar.org/docs/latest/setup/customization/using-nvidia/ */
import type { Cluster, Gpu, Machine } from "../../../cluster/cluster.ts";
import type { Artifact, BootContext } from "../../../cluster/extension.ts";
import { layout } from "../../../cluster/layout.ts";
import { type PlanFile, textFile } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";
import { type Flatcar, folder, releases, signedBy } from "./release.ts";

/** Flatcar builds it with each release, for that release's kernel. */
const driver = ({ drivers }: Gpu): string => `flatcar-nvidia-drivers-${drivers}`;
const driverPlace = (os: Flatcar, machine: Machine, gpu: Gpu): string => `${folder(os, machine.architecture)}/${driver(gpu)}.raw`;

/** For any release of Flatcar; only amd64 has drivers to go with it. */
const runtime = (gpu: Gpu): string => `nvidia-runtime-v${gpu.runtime}`;
const runtimePlace = (gpu: Gpu): string => `flatcar/extensions/${runtime(gpu)}-x86-64.raw`;

/** Of a cluster whose releases are exact. */
export function gpuArtifacts({ machines }: Cluster): readonly Artifact[] {
  const found = machines.flatMap((machine) =>
    machine.gpu && machine.os.target === "flatcar" ? artifactsOf(machine.os, machine, machine.gpu) : [],
  );
  return [...new Map(found.map((artifact) => [artifact.path, artifact])).values()];
}

function artifactsOf(os: Flatcar, machine: Machine, gpu: Gpu): readonly Artifact[] {
  const url = `${releases(os, machine.architecture)}/${os.version}/${driver(gpu)}.raw`;
  const bakery = `https://github.com/flatcar/sysext-bakery/releases/download/${runtime(gpu)}`;
  return [
    { path: `${layout.static}/${driverPlace(os, machine, gpu)}`, url, verify: signedBy(`${url}.sig`) },
    {
      path: `${layout.static}/${runtimePlace(gpu)}`,
      url: `${bakery}/${runtime(gpu)}-x86-64.raw`,
      verify: { by: "sums", sums: `${bakery}/SHA256SUMS` },
    },
  ];
}

/** Where Flatcar looks before it would download: https://www.flatcar.org/docs/latest/provisioning/sysext/ */
export function gpuFiles({ os, machine }: BootContext<Flatcar>): readonly PlanFile[] {
  const { gpu } = machine;
  if (!gpu) return [];
  return [
    textFile("/etc/flatcar/enabled-sysext.conf", `${driver(gpu).replace("flatcar-", "")}\n`),
    { path: `/etc/flatcar/sysext/${driver(gpu)}-${os.version}.raw`, mode: 0o644, content: { path: driverPlace(os, machine, gpu) } },
    { path: "/etc/extensions/nvidia-runtime.raw", mode: 0o644, content: { path: runtimePlace(gpu) } },
    textFile("/etc/sextant/ready.d/gpu", render("os/flatcar/gpu.sh.eta", {}), 0o755),
  ];
}
