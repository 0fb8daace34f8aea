/** What a 2016-form description asks for and does not get, field by field: nothing is dropped in silence. */
import { broadcast, cidr } from "../address.ts";
import { isFlatcar, networkOf } from "./from-original-form.ts";
import type { PartialOriginalForm } from "./original-form.ts";
import type { Finding, Path } from "./problem.ts";

const NOT_YET = "has no effect in this release; it is kept for one that knows it";
const CENTOS_ONLY = "has no effect, as no CentOS is installed; leave it out";
const ALWAYS_OURS = "has no effect, as nodes get every package from the bootstrapper; leave it out";

const GPU = "has no effect; of the recommended form write gpu: { drivers: 570-open } at each machine that has one";

/** Fields that nothing acts on, and what to say of each. */
const WITHOUT_EFFECT = {
  images: "has no effect; Kubernetes' own images are taken, so leave it out",
  coreos: NOT_YET,
  ceph: NOT_YET,
  set_gpu: GPU,
  gpu_drivers_version: GPU,
  ingress_hostnetwork: NOT_YET,
  download_kernel: CENTOS_ONLY,
  mirror_site: CENTOS_ONLY,
  centos_version: CENTOS_ONLY,
  set_yum_repo: CENTOS_ONLY,
  nginx_root_dir: "has no effect, and never had any; leave it out",
} as const satisfies Partial<Record<keyof PartialOriginalForm, string>>;

const { mirror_site: _, centos_version: __, ...OTHERS } = WITHOUT_EFFECT;
const WITHOUT_EFFECT_ON_CENTOS = {
  ...OTHERS,
  download_kernel: "has no effect, as kernel and initrd come with the tree; leave it out",
  set_yum_repo: ALWAYS_OURS,
} as const satisfies Partial<Record<keyof PartialOriginalForm, string>>;

export function* warnOfOriginalForm(form: PartialOriginalForm): Iterable<Finding> {
  const warn = (path: Path, message: string): Finding => ({ path, message, warning: true });

  const centos = form.os_name === "CentOS";
  if (!centos && form.os_name !== "Flatcar")
    yield warn(["os_name"], "CoreOS came to its end in 2020, so its successor Flatcar is installed; write os_name: Flatcar to say so");
  const { coreos_version: version } = form;
  if (!centos && version !== undefined && !isFlatcar(version)) {
    yield warn(
      ["coreos_version"],
      `${version} is a CoreOS release that Flatcar does not have, so the newest is installed; write current or one such as 4593.2.5`,
    );
  }
  for (const [field, message] of Object.entries(centos ? WITHOUT_EFFECT_ON_CENTOS : WITHOUT_EFFECT)) {
    if (asksFor(form[field as keyof typeof WITHOUT_EFFECT])) yield warn([field], message);
  }
  for (const [index, node] of (form.nodes ?? []).entries()) {
    if (node.flannel_iface) yield warn(["nodes", index, "flannel_iface"], NOT_YET);
  }
  const network = networkOf(form).value;
  if (network && form.broadcast && form.broadcast !== broadcast(network)) {
    yield warn(
      ["broadcast"],
      `${form.broadcast} is not the broadcast address of ${cidr(network)}; write ${broadcast(network)} or leave it out`,
    );
  }
}

/** "n" and an empty block ask for nothing, and get it. */
const asksFor = (value: unknown): boolean =>
  value !== undefined && value !== false && !(typeof value === "object" && value !== null && Object.keys(value).length === 0);
