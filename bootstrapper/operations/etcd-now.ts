/** etcd as it answers at this moment: all of its members, or one of which the others are gone. */
import type { Machine } from "../../cluster/cluster.ts";
import type { EtcdGateway } from "../kubernetes/etcd-gateway.ts";
import type { MemberNow } from "./situation.ts";

export interface Place {
  readonly name: string;
  readonly address: string;
}

/** Where members are asked; a machine without an address is left out. */
export const placesOf = (machines: readonly Machine[], addressOf: (machine: Machine) => string | undefined): readonly Place[] =>
  machines.flatMap((machine) => {
    const address = addressOf(machine);
    return address === undefined ? [] : [{ name: machine.name, address }];
  });

/** Every member as one that answers knows them, and how each is. Rejects when none does. */
export async function membersNow(etcd: EtcdGateway, places: readonly Place[]): Promise<readonly MemberNow[]> {
  const all = await Promise.all(
    places.map(async ({ name, address }) => {
      const status = await etcd.status(address).catch((error: Error) => error);
      return { name, address, status };
    }),
  );
  const through = all.find(({ status }) => !(status instanceof Error) && status.led);
  if (!through) {
    const each = all.map(({ name, status }) => `${name}: ${status instanceof Error ? status.message : "it knows no leader"}`).join("; ");
    throw new Error(`no member of etcd answers (${each || "none has an address"}); see what is wrong with its machines`);
  }
  return (await etcd.members(through.address)).map(({ id, name, peers }) => {
    const here = all.find((one) => (name === "" ? peers.some((url) => url.includes(`://${one.address}:`)) : one.name === name));
    const status = here && !(here.status instanceof Error) ? here.status : undefined;
    return { id, name, peers, healthy: name !== "" && status?.led === true, version: status?.version ?? "" };
  });
}

/** What is missing until this member is a cluster to itself; undefined: it is. Rejects when it does not answer. */
export async function lacksOfAlone(etcd: EtcdGateway, { name, address }: Place): Promise<string | undefined> {
  if (!(await etcd.status(address)).led) return "its member of etcd knows no leader";
  const members = await etcd.members(address);
  if (members.length === 1 && members[0]?.name === name) return undefined;
  return `etcd counts ${members.map((member) => member.name || "a member without a name").join(", ") || "nobody"} and not ${name} alone`;
}
