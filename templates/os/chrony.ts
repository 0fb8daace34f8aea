/** Time on systems that come with chrony and have no systemd-timesyncd. */
import type { ResolvedPlan } from "../../cluster/plan.ts";
import { render } from "../render.ts";

/** The same plan, with time by chrony where it says time by timesyncd. */
export function withChrony<Plan extends Pick<ResolvedPlan, "cluster" | "files" | "units">>(plan: Plan): Plan {
  const { cluster, files, units } = plan;
  const others = files.filter(({ path }) => !path.startsWith("/etc/systemd/timesyncd.conf"));
  if (!units.some(isTimesyncd)) return { ...plan, files: others };
  const text = render("os/chrony.conf.eta", { server: cluster.network.bootstrapper });
  return {
    ...plan,
    files: [...others, { path: "/etc/chrony.conf", mode: 0o644, content: { bytes: new TextEncoder().encode(text) } }],
    units: [...units.filter((unit) => !isTimesyncd(unit)), { name: "chronyd.service", enabled: true }],
  };
}

const isTimesyncd = ({ name }: { readonly name: string }): boolean => name === "systemd-timesyncd.service";
