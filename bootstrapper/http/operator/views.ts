/** The world's values as the API shows them: times in words of ISO 8601, and no hash of any token. */
import type { z } from "zod";
import type { JournalEntry } from "../../journal.ts";
import type { NodeStanding } from "../../kubernetes/health.ts";
import type { MachineView } from "../../machines/machine.ts";
import type { LeaseView, World } from "../world.ts";
import { adviceFor } from "./advice.ts";
import type * as schemas from "./schemas.ts";

const iso = (at: number): string => new Date(at).toISOString();

export function machineView(
  machine: MachineView,
  { machines, kubernetes }: Pick<World, "machines" | "kubernetes">,
): z.output<typeof schemas.machine> {
  const { mac, name, phase, because, address, grant, transfer } = machine;
  const hint = adviceFor(machine);
  const node = kubernetes.node(mac);
  const { do: next, because: why } = machines.nextBoot(mac);
  return {
    mac,
    name,
    ...(address && { address }),
    roles: [...machine.roles],
    phase,
    since: iso(machine.since),
    because,
    ...(hint && { hint }),
    lastSeen: iso(machine.lastSeen),
    nextBoot: { do: next, because: why },
    disks: [...machine.disks],
    ...(grant && { grant: grantView(grant) }),
    ...(node && { node: nodeView(node) }),
    ...(transfer && { transfer }),
  };
}

const nodeView = ({ ready, since, version, because }: NodeStanding): z.output<typeof schemas.machine>["node"] => ({
  ready,
  ...(since !== undefined && { since: iso(since) }),
  version,
  because,
});

function grantView(grant: NonNullable<MachineView["grant"]>): z.output<typeof schemas.machine>["grant"] {
  const { openedAt, expiresAt, attempt, tokenHash, releasedAt, mayWipe } = grant;
  const tokenGiven = tokenHash !== undefined;
  return {
    openedAt: iso(openedAt),
    expiresAt: iso(expiresAt),
    attempt,
    tokenGiven,
    mayWipe,
    ...(releasedAt && { releasedAt: iso(releasedAt) }),
  };
}

export const entryView = (entry: JournalEntry): z.output<typeof schemas.journalEntry> => ({ ...entry, at: iso(entry.at) });

export const leaseView = ({ expiresAt, ...lease }: LeaseView): z.output<typeof schemas.leases>["leases"][number] => ({
  ...lease,
  ...(expiresAt && { expiresAt: iso(expiresAt) }),
});

export function clusterView({ kubernetes }: Pick<World, "kubernetes">): z.output<typeof schemas.cluster> {
  const { founding, servers, nodes, missing, addOns, ...rest } = kubernetes.view();
  const { at, ...founded } = founding;
  return {
    ...rest,
    founding: { ...founded, ...(at !== undefined && { at: iso(at) }) },
    servers: [...servers],
    nodes: { ready: nodes.ready, expected: nodes.expected },
    missing: [...missing],
    addOns: [...addOns],
  };
}

export function statusView({ cluster, machines, kubernetes, health, now }: World): z.output<typeof schemas.status> {
  const all = machines.list();
  const phases: Record<string, number> = {};
  for (const { phase } of all) phases[phase] = (phases[phase] ?? 0) + 1;
  const listed = all.length - (phases["discovered"] ?? 0) - (phases["retired"] ?? 0);
  const { ok, parts } = health();
  // A Node that fell back is a machine that was ready.
  const ready = all.filter(({ phase, mac }) => phase === "ready" && kubernetes.node(mac)?.ready !== false).length;
  return { cluster, now: iso(now()), ok, parts: { ...parts }, machines: listed, ready, phases };
}
