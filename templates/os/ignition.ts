/** A plan as Ignition 3.3.0 JSON, the newest version that every supported system reads. https://coreos.github.io/ignition/configuration-v3_3/ */
import type { ResolvedFile, ResolvedPlan, Unit, User } from "../../cluster/plan.ts";

export const IGNITION_TYPE = "application/vnd.coreos.ignition+json;version=3.3.0";

/** The same plan always gives the same bytes: files, units and users in the order of their names. */
export const ignition = (plan: Pick<ResolvedPlan, "users" | "files" | "units">): string =>
  `${JSON.stringify(
    {
      ignition: { version: "3.3.0" },
      passwd: { users: sortedBy(plan.users, "name").map(user) },
      storage: { files: sortedBy(plan.files, "path").map(file) },
      systemd: { units: sortedBy(plan.units, "name").map(unit) },
    },
    null,
    1,
  )}\n`;

const user = ({ name, groups, sshKeys }: User) => ({ name, groups, sshAuthorizedKeys: sshKeys.map(oneLine) });

/** Modes are decimal in Ignition: JSON has no octal numbers. */
const file = ({ path, mode, content }: ResolvedFile) => ({
  path,
  mode,
  overwrite: true,
  contents:
    "url" in content
      ? { source: content.url, verification: { hash: `sha256-${content.sha256}` } }
      : { source: `data:;base64,${Buffer.from(content.bytes).toString("base64")}` },
});

const unit = ({ name, enabled, contents, dropins = [] }: Unit) => ({
  name,
  enabled,
  ...(contents !== undefined && { contents }),
  ...(dropins.length > 0 && { dropins: sortedBy(dropins, "name").map(({ name, contents }) => ({ name, contents })) }),
});

/** A line break in a key would be a second key. Throws TypeError. */
export function oneLine(key: string): string {
  if (/[\r\n\0]/.test(key))
    throw new TypeError(`the ssh key ${JSON.stringify(key.slice(0, 40))}... has a line break; write one key on one line`);
  return key;
}

export function sortedBy<Key extends string, T extends Readonly<Record<Key, string>>>(items: readonly T[], key: Key): readonly T[] {
  return [...items].sort((a, b) => (a[key] < b[key] ? -1 : Number(a[key] > b[key])));
}
