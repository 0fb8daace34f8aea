/** The words after `bootstrapper cluster`, as what the API is asked. Pure. */

export type Order =
  /** Planned, shown, and begun when the operator agrees. */
  | { readonly do: "operate"; readonly query: Readonly<Record<string, string>> }
  | { readonly do: "continue" | "cancel" | "follow" | "snapshot" | "snapshots" };

export const USES = `upgrade RELEASE [--batch N]       one minor release on: control planes one by one, then workers
reinstall [MACHINE ...] [--batch N]   these nodes, or all, one after the other
remove MACHINE                    out of the cluster
replace MACHINE [BY]              a dead machine: installed again, or another one takes its place
restore SNAPSHOT                  etcd's data as it was when that was taken, also when nothing of the cluster answers
prune                             what add-ons left behind that the bsroot no longer has
follow | continue | cancel        the operation that runs or has stopped
snapshot | snapshots              take one of etcd; list them`;

/** Throws Error with what is wrong. */
export function clusterOrder(words: readonly string[], batch: number): Order {
  const [verb = "", ...rest] = words;
  const take = (least: number, most: number): readonly string[] => {
    if (rest.length < least) throw new Error(`cluster ${verb} needs ${least === 1 ? "one word" : `${least} words`} more`);
    if (rest.length > most) throw new Error(`"${rest[most]}" is one word too many`);
    return rest;
  };
  switch (verb) {
    case "upgrade":
      return { do: "operate", query: { do: verb, release: take(1, 1)[0]!.replace(/^v/, ""), batch: String(batch) } };
    case "reinstall":
      return { do: "operate", query: { do: verb, machines: rest.join(","), batch: String(batch) } };
    case "remove":
      return { do: "operate", query: { do: verb, machine: take(1, 1)[0]! } };
    case "replace": {
      const [machine, by] = take(1, 2) as readonly [string, string?];
      return { do: "operate", query: { do: verb, machine, ...(by !== undefined && { by }) } };
    }
    case "restore":
      return { do: "operate", query: { do: verb, snapshot: take(1, 1)[0]! } };
    case "prune":
      take(0, 0);
      return { do: "operate", query: { do: verb } };
    case "continue":
    case "cancel":
    case "follow":
    case "snapshot":
    case "snapshots":
      take(0, 0);
      return { do: verb };
    default:
      throw new Error(verb ? `there is no "cluster ${verb}"` : "cluster needs a word more: what is to be done");
  }
}

export interface OperationTold {
  readonly wish: string;
  readonly is: "running" | "stopped" | "done" | "cancelled";
  readonly done: number;
  readonly steps: readonly string[];
  readonly doing: string;
  readonly because?: string;
}

/** What is new since `before`, for somebody who reads along. */
export function news(before: OperationTold | undefined, now: OperationTold): readonly string[] {
  const lines: string[] = [];
  const first = before === undefined ? now.done : before.done;
  const place = (index: number): string => `${String(index + 1).padStart(String(now.steps.length).length)}/${now.steps.length}`;
  for (let index = first; index < now.done; index += 1) lines.push(`${place(index)}  done  ${now.steps[index]}`);
  if (now.is === "running" && now.done < now.steps.length && now.doing !== "" && now.doing !== before?.doing)
    lines.push(`${place(now.done)}        ${now.doing}`);
  if (now.is !== "running" && before?.is !== now.is) {
    const ends = { done: "all of it is done", stopped: "stopped", cancelled: "cancelled" }[now.is];
    lines.push(`${now.wish}: ${ends}${now.because === undefined ? "" : `: ${now.because}`}`);
    if (now.is === "stopped") lines.push("put it right, then: bootstrapper cluster continue (or cancel)");
  }
  return lines;
}
