/** Everything that must hold between the values of a description, in one pass, whichever form it is written in. */
import { checkKeys, checkSources } from "./checks/access.ts";
import { checkAddOns } from "./checks/addons.ts";
import { checkDns } from "./checks/dns.ts";
import { checkExtras } from "./checks/extras.ts";
import { checkGpus } from "./checks/gpus.ts";
import { checkHighAvailability } from "./checks/high-availability.ts";
import { checkKubernetes } from "./checks/kubernetes.ts";
import { checkDisks, checkDuplicates, checkRoles } from "./checks/machines.ts";
import { checkNetworks, checkReservations } from "./checks/network.ts";
import { checkOptions } from "./checks/options.ts";
import { checkPullSecrets } from "./checks/pull-secrets.ts";
import { checkRanges } from "./checks/ranges.ts";
import { checkReleases } from "./checks/releases.ts";
import { type Facts, isLost } from "./facts.ts";
import type { Finding } from "./problem.ts";

const CHECKS: readonly ((facts: Facts) => Iterable<Finding>)[] = [
  checkNetworks,
  checkReservations,
  checkRanges,
  checkOptions,
  checkDns,
  checkDuplicates,
  checkRoles,
  checkDisks,
  checkKubernetes,
  checkHighAvailability,
  ({ releases }) => (releases ? checkReleases(releases) : []),
  checkAddOns,
  checkPullSecrets,
  checkExtras,
  checkGpus,
  checkKeys,
  checkSources,
];

export const check = (facts: Facts): readonly Finding[] =>
  CHECKS.flatMap((one) => [...one(facts)]).filter(({ path }) => !isLost(facts, path));
