/** A plan as a shell script, for systems that are configured by their own installer at its end instead of by Ignition on the first boot. */
import type { ResolvedFile, ResolvedPlan, Unit } from "../../cluster/plan.ts";
import { render } from "../render.ts";
import { oneLine, sortedBy } from "./ignition.ts";

export const SCRIPT_TYPE = "text/x-shellscript";

/** The same plan always gives the same bytes: users, files and units in the order of their names. */
export const planScript = ({ users, files, units }: Pick<ResolvedPlan, "users" | "files" | "units">): string =>
  render("os/plan.sh.eta", {
    users: sortedBy(users, "name").map(({ name, groups, sshKeys }) => ({
      name,
      groups: groups.join(" "),
      keys: sshKeys.map(oneLine).join("\n"),
    })),
    files: sortedBy([...files, ...units.flatMap(filesOf)], "path").map(spelled),
    units: sortedBy(units, "name").map(({ name, enabled }) => ({ name, enabled })),
  });

const spelled = ({ path, mode, content }: ResolvedFile) => ({
  path,
  mode: mode.toString(8).padStart(4, "0"),
  ...("url" in content ? content : { bytes: Buffer.from(content.bytes).toString("base64") }),
});

/** Where systemd looks for what an administrator wrote. */
const UNITS = "/etc/systemd/system";

function filesOf({ name, contents, dropins = [] }: Unit): readonly ResolvedFile[] {
  const text = (path: string, written: string): ResolvedFile => ({
    path: `${UNITS}/${path}`,
    mode: 0o644,
    content: { bytes: new TextEncoder().encode(written) },
  });
  return [
    ...(contents === undefined ? [] : [text(name, contents)]),
    ...dropins.map((dropin) => text(`${name}.d/${dropin.name}`, dropin.contents)),
  ];
}
