/** Another description in place of the old one while everything goes on: taken as a whole, or refused with a reason and the old one still served. */
import type { Cluster } from "../cluster/cluster.ts";
import { layout } from "../cluster/layout.ts";
import { type Bsroot, difference, glance, loadBsroot } from "./bsroot.ts";
import { changesBetween, inWords } from "./changes.ts";
import { look } from "./inspection.ts";
import type { Base } from "./parts.ts";
import { servedFrom } from "./place.ts";

/** What of a bootstrapper's work comes from its bsroot. */
export interface Served {
  readonly bsroot: Bsroot;
  /** The description, served from our address. */
  readonly cluster: Cluster;
}

export interface Reloading {
  readonly base: Base;
  /** Everything that asks `base` sees this from now on. */
  take(served: Served): void;
  /** Puts it to work in every part. Throws with nothing changed. */
  apply(before: Served, after: Served): Promise<void>;
}

/** `asked`: by the operator, who may have edited a file by hand. `noticed`: files changed, perhaps not all of them yet. */
export type Occasion = "asked" | "noticed";

/** Resolves to whether it is done with: taken over or refused. False: what is there is not whole yet, so ask again. Never throws. */
export function reloads({ base, take, apply }: Reloading): (occasion: Occasion) => Promise<boolean> {
  const { settings, address, kept } = base;
  let said = "";
  const say = (level: "info" | "warning", text: string): void => {
    if (text !== said || level === "info") kept.journal({ from: "appliance", level, text });
    said = text;
  };
  const refuse = (because: string): true => {
    say("warning", `the new bsroot is refused, and the one before it goes on being served: ${because}`);
    return true;
  };

  async function reload(occasion: Occasion): Promise<boolean> {
    const before: Served = { bsroot: base.bsroot, cluster: base.cluster };
    try {
      const bsroot = await loadBsroot(settings.bsroot);
      const unfinished = occasion === "noticed" ? await disagreement(bsroot) : undefined;
      if (unfinished !== undefined) {
        say("warning", `the bsroot was changed and does not agree with itself: ${unfinished}; it is taken over when it does, or on SIGHUP`);
        return false;
      }
      const wanted = settings.address ?? bsroot.cluster.network.bootstrapper;
      if (wanted !== address) return refuse(`the bootstrapper's address is now ${wanted}; start it again for that`);
      const after: Served = { bsroot, cluster: servedFrom(bsroot.cluster, address) };
      take(after);
      await apply(before, after);
      say("info", `description read again: ${inWords(changesBetween(before.cluster, after.cluster))}`);
      for (const text of await look(bsroot, address, Date.now())) kept.journal({ from: "appliance", level: "warning", text });
    } catch (error) {
      take(before);
      return refuse((error as Error).message);
    }
    return true;
  }

  let last: Promise<unknown> = Promise.resolve();
  return (occasion) => {
    const turn = last.then(() => reload(occasion));
    last = turn;
    return turn;
  };
}

/** A folder into which somebody still copies, or whose description was edited without the builder. */
async function disagreement(bsroot: Bsroot): Promise<string | undefined> {
  const described = bsroot.files.filter(({ path }) => path === layout.description || path === layout.lock);
  const [problem] = [...(await glance(bsroot)), ...(await Promise.all(described.map((file) => difference(bsroot, file))))].filter(
    (found) => found !== undefined,
  );
  return problem;
}
