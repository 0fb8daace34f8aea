/** Who founds the cluster, as a pure function: one machine at a time, and nobody any more once one has done it. Never two clusters. */
import type { Mac } from "../../cluster/address.ts";

/** What the store keeps. Times are milliseconds since 1970. */
export interface Founding {
  /** Who was told to found, and has not said that it did. */
  readonly founder?: Founder;
  /** The cluster exists. */
  readonly founded?: Founded;
}
export interface Founded {
  readonly by: Mac;
  readonly at: number;
  /** The UID of its namespace kube-system, by which clusters are told apart; known when its founder's API first was ready. */
  readonly id?: string;
}
export interface Founder {
  readonly mac: Mac;
  /** When it was told. */
  readonly since: number;
  /** When it spoke last. */
  readonly heard: number;
  /** It says from time to time that it is still at it, so its silence means more. */
  readonly beats: boolean;
  /** It said that it could not. */
  readonly failed: boolean;
}

export type Step =
  | { readonly type: "asks" }
  | { readonly type: "founding" }
  | { readonly type: "founded" }
  | { readonly type: "failed" }
  /** A look at the control planes, whoever they are: a cluster that nobody remembers is remembered again. */
  | { readonly type: "looked" }
  /** The cluster's data was brought back to a snapshot, which may be of a cluster founded before this one. */
  | { readonly type: "restored" }
  /** The operator gives the cluster up. */
  | { readonly type: "forget" };

/** All else that an answer may depend on. */
export interface Circumstances {
  readonly now: number;
  /** Control planes whose API server answers with a certificate that our CA signed. */
  readonly answering: readonly Mac[];
  /** Which cluster its API server serves; undefined unless it is ready. */
  clusterOf(mac: Mac): string | undefined;
  /** Whether it is a control plane and runs from its disk. */
  mayFound(mac: Mac): boolean;
  nameOf(mac: Mac): string;
  /** Members of etcd that must have come up before. */
  readonly members: { readonly up: number; readonly expected: number; readonly what: string };
}

/** `because` is for the journal and for the node's console; it stays the same as long as nothing changes. */
export type Answer =
  | { readonly do: "found" | "join" | "wait"; readonly because: string }
  | { readonly do: "noted"; readonly because: string }
  /** What it says can no longer be: it begins anew. */
  | { readonly do: "refuse"; readonly because: string };

export interface Decision {
  readonly founding: Founding;
  readonly answer: Answer;
}

/** Milliseconds without a word after which the founding passes on: of a founder that says it is still at it, and of one that only works. */
export const PATIENCE = { beating: 180_000, silent: 1_200_000 } as const;

export function decide(founding: Founding, mac: Mac, step: Step, circumstances: Circumstances): Decision {
  const stays = (answer: Answer): Decision => ({ founding, answer });
  switch (step.type) {
    case "asks":
      return asks(founding, mac, circumstances);
    case "looked": {
      const [there] = circumstances.answering;
      const nothing: Answer = { do: "noted", because: "nothing is new" };
      if (founding.founded) return { founding: identified(founding.founded, circumstances), answer: nothing };
      return founding.founder || there === undefined ? stays(nothing) : adopted(there, circumstances);
    }
    case "restored":
      return {
        founding: founding.founded ? { founded: { by: mac, at: founding.founded.at } } : founding,
        answer: { do: "noted", because: `${circumstances.nameOf(mac)} serves what was restored` },
      };
    case "forget":
      return {
        founding: {},
        answer: { do: "noted", because: "the operator gave the cluster up; the next control plane that asks founds it" },
      };
    case "founded":
      return says(founding, mac, circumstances, (founder) => ({ founded: { by: founder.mac, at: circumstances.now } }));
    case "founding":
      return says(founding, mac, circumstances, (founder) => ({ founder: { ...founder, heard: circumstances.now, beats: true } }));
    case "failed":
      if (founding.founder?.mac !== mac) return stays({ do: "noted", because: "it could not join" });
      return {
        founding: { founder: { ...founding.founder, heard: circumstances.now, failed: true } },
        answer: { do: "noted", because: "it could not found the cluster; the next control plane that asks does" },
      };
  }
}

/** After a restart of ours: what a founder said meanwhile was said to nobody, so its time begins again. */
export const resumed = (founding: Founding, now: number): Founding =>
  founding.founder ? { founder: { ...founding.founder, heard: now } } : founding;

function asks(founding: Founding, mac: Mac, circumstances: Circumstances): Decision {
  const { now, answering, members, nameOf } = circumstances;
  const { founder, founded } = founding;
  const wait = (because: string): Decision => ({ founding, answer: { do: "wait", because } });
  if (founded)
    return { founding: identified(founded, circumstances), answer: { do: "join", because: `${nameOf(founded.by)} founded the cluster` } };

  const found = (next: Founder, because: string): Decision => ({ founding: { founder: next }, answer: { do: "found", because } });
  if (founder?.mac === mac && circumstances.mayFound(mac))
    return found({ ...founder, heard: now, failed: false }, "it was told to found the cluster before, and has not said that it did");

  const passesOn = founder && whyPassOn(founder, circumstances);
  if (founder && !passesOn) return wait(`${nameOf(founder.mac)} founds the cluster`);
  const [there] = answering;
  if (there !== undefined) {
    // A store that was lost must not cost a running cluster its life. With a founder on record, it is one that begins anew and still answers.
    if (founder) return wait(`the API of ${nameOf(there)} still answers, and ${nameOf(founder.mac)} was to found the cluster: ${passesOn}`);
    return adopted(there, circumstances);
  }
  if (!circumstances.mayFound(mac)) return wait("no control plane has founded the cluster yet");
  if (members.up < members.expected) return wait(`${members.up} of ${members.expected} ${members.what}`);
  const because = founder ? `the founding passes on from ${nameOf(founder.mac)}: ${passesOn}` : "it is the first control plane that may";
  return found({ mac, since: now, heard: now, beats: false, failed: false }, because);
}

/**
 * Whether an API server serves the cluster that was founded. A founder that fell silent, and was taken for dead, may come back with a whole
 * cluster of its own, which our CA signed too: nobody may join that one before it is told so and begins anew.
 */
export const isOurs = (founded: Founded | undefined, mac: Mac, cluster: string): boolean =>
  founded === undefined || (founded.id === undefined ? founded.by === mac : founded.id === cluster);

function identified(founded: Founded, { clusterOf }: Circumstances): Founding {
  const id = founded.id ?? clusterOf(founded.by);
  return { founded: { ...founded, ...(id !== undefined && { id }) } };
}

function adopted(by: Mac, circumstances: Circumstances): Decision {
  const { now, nameOf } = circumstances;
  const because = `the API of ${nameOf(by)} answers with a certificate of our CA, so the cluster exists`;
  return { founding: identified({ by, at: now }, circumstances), answer: { do: "join", because } };
}

/** Undefined as long as it is left to its work. */
function whyPassOn(founder: Founder, { now, answering, mayFound }: Circumstances): string | undefined {
  if (!mayFound(founder.mac)) return "it no longer runs as a control plane";
  if (founder.failed) return "it could not";
  if (answering.includes(founder.mac)) return undefined;
  const patience = founder.beats ? PATIENCE.beating : PATIENCE.silent;
  // A clock that was set back by more than that counts as much: a founder that lives loses a few minutes, a dead one would hold up everybody.
  return Math.abs(now - founder.heard) > patience ? `nothing was heard of it for ${patience / 60_000} minutes` : undefined;
}

/** A word that only the founder may say; of a cluster that exists, only who founded it. */
function says(founding: Founding, mac: Mac, { nameOf }: Circumstances, next: (founder: Founder) => Founding): Decision {
  const { founder, founded } = founding;
  if (founded?.by === mac) return { founding, answer: { do: "noted", because: "the cluster is founded" } };
  const refuse = (because: string): Decision => ({ founding, answer: { do: "refuse", because } });
  if (founded) return refuse(`${nameOf(founded.by)} founded the cluster; join it`);
  if (!founder) return refuse("nobody was told to found the cluster; ask first");
  if (founder.mac !== mac) return refuse(`the founding has passed to ${nameOf(founder.mac)}`);
  return { founding: next(founder), answer: { do: "noted", because: "so it is written down" } };
}
