/** Everything the API can do, one row each: the routes and the OpenAPI document are both made from this table. */
import type { Mac } from "../../../cluster/address.ts";
import type { MachineView } from "../../machines/machine.ts";
import { Refusal } from "../refusal.ts";
import { machinePath } from "../request/machine-path.ts";
import type { World } from "../world.ts";
import { CLUSTER_OPERATIONS } from "./cluster-operations.ts";
import { type Operation, row } from "./operation-row.ts";
import * as schemas from "./schemas.ts";
import { clusterView, entryView, leaseView, machineView, statusView } from "./views.ts";

const action = (event: "assign" | "grant" | "reinstall" | "retire", summary: string): Operation =>
  row({
    id: `${event}Machine`,
    method: "post",
    path: `/machines/{mac}/${event}`,
    summary,
    answer: schemas.machine,
    run: async ({ world, mac, caller }) => {
      const { mac: address, name } = known(world, mac());
      const outcome = await world.machines.apply(address, { type: event });
      if (!outcome.ok) {
        throw new Refusal(409, {
          what: `${event} of ${name} was not done`,
          because: outcome.because,
          todo: "see the machine's phase and nextBoot",
        });
      }
      world.journal({ from: "http", mac: address, level: "info", text: `${event}: the operator asked from ${caller}` });
      return machineView(outcome.machine, world);
    },
  });

export const OPERATIONS: readonly Operation[] = [
  row({
    id: "getStatus",
    method: "get",
    path: "/status",
    summary: "How many machines are ready, and how the bootstrapper is",
    answer: schemas.status,
    run: ({ world }) => statusView(world),
  }),
  row({
    id: "listMachines",
    method: "get",
    path: "/machines",
    summary: "Every machine known, listed or discovered",
    answer: schemas.machines,
    run: ({ world }) => ({ machines: world.machines.list().map((machine) => machineView(machine, world)) }),
  }),
  row({
    id: "getMachine",
    method: "get",
    path: "/machines/{mac}",
    summary: "One machine",
    answer: schemas.machine,
    run: ({ world, mac }) => machineView(known(world, mac()), world),
  }),
  action("assign", "Make a discovered machine one of the cluster's, when the description lists it"),
  action("grant", "Allow one installation: the machine installs on its next boot from the network"),
  action("reinstall", "Install again on its next boot from the network; whatever is on its disk may be overwritten"),
  action("retire", "Let it boot nothing from us any more"),
  row({
    id: "listJournal",
    method: "get",
    path: "/journal",
    summary: "What machines did and what we answered",
    query: schemas.journalQuery,
    answer: schemas.journal,
    run: async ({ world }, { count, mac, level }) => {
      const only = mac === undefined ? undefined : machinePath(mac, []).mac;
      const filtered = only !== undefined || level !== undefined;
      const entries = await world.journalTail(filtered ? SEARCHED : count);
      const wanted = entries.filter((entry) => (!only || entry.mac === only) && (!level || entry.level === level));
      return { entries: wanted.slice(-count).map(entryView) };
    },
  }),
  row({
    id: "listLeases",
    method: "get",
    path: "/leases",
    summary: "Who holds which address",
    answer: schemas.leases,
    run: ({ world }) => ({ leases: world.leases().map(leaseView) }),
  }),
  row({
    id: "getCluster",
    method: "get",
    path: "/cluster",
    summary: "The Kubernetes cluster: who founded it, how many of its nodes are Ready, and what is missing",
    answer: schemas.cluster,
    run: ({ world }) => clusterView(world),
  }),
  row({
    id: "forgetCluster",
    method: "post",
    path: "/cluster/forget",
    summary: "The cluster is lost for good: the next control plane that asks founds another one",
    answer: schemas.cluster,
    run: async ({ world, caller }) => {
      const heard = await world.kubernetes.forget();
      if (!heard.ok) throw new Refusal(409, { what: "the cluster was not given up", because: heard.because, todo: "see /api/v1/cluster" });
      world.journal({ from: "http", level: "warning", text: `the operator gave the cluster up from ${caller}` });
      return clusterView(world);
    },
  }),
  row({
    id: "getKubeconfig",
    method: "get",
    path: "/kubeconfig",
    summary: "What kubectl needs to reach the cluster as its administrator",
    query: schemas.kubeconfigQuery,
    answer: schemas.kubeconfig,
    type: "application/yaml",
    run: async ({ world, caller }, { by }) => {
      try {
        const text = await world.kubernetes.kubeconfig(by);
        world.journal({ from: "http", level: "info", text: `the administrator's kubeconfig to the operator at ${caller}` });
        return text;
      } catch (error) {
        throw new Refusal(409, { what: "there is no kubeconfig", because: (error as Error).message, todo: "see /api/v1/cluster" });
      }
    },
  }),
  ...CLUSTER_OPERATIONS,
];

/** Entries a filter looks through. */
const SEARCHED = 10_000;

function known({ machines }: World, mac: Mac): MachineView {
  const machine = machines.find(mac);
  if (machine) return machine;
  throw new Refusal(404, {
    what: `there is no machine ${mac}`,
    because: "it is not in cluster-desc.yml and was never seen",
    todo: "see /api/v1/machines",
  });
}
