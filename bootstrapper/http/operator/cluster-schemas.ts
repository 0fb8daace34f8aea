/** What the API says of operations on the cluster and of its snapshots. */
import { z } from "zod";
import { SNAPSHOT_NAME } from "../../kubernetes/etcd-snapshots.ts";
import { named } from "./schemas.ts";

const time = z.string().meta({ format: "date-time" });
const batch = z.coerce.number().int().min(1).max(100).default(1).meta({ description: "How many workers at a time" });
const name = z.string().regex(/^[a-z0-9-]{1,63}$/);
const names = z
  .string()
  .max(65_536)
  .default("")
  .meta({ description: "Names with commas; empty: every node" })
  .transform((text) => text.split(",").filter((one) => one !== ""));

export const wishQuery = z.object({
  do: z.enum(["upgrade", "reinstall", "remove", "replace", "restore", "prune"]),
  release: z.string().max(32).optional().meta({ description: "Of an upgrade: 1.37.1" }),
  batch,
  machines: names.meta({ description: "Of a re-installation: names with commas; empty: every node" }),
  machine: name.optional().meta({ description: "Which one to remove or to replace" }),
  by: name.optional().meta({ description: "Which one takes a dead one's place; absent: itself, installed again" }),
  snapshot: z.string().regex(SNAPSHOT_NAME).optional().meta({ description: "Of a restoration: etcd-20261121T180000Z.db" }),
});
export const applyQuery = wishQuery.extend({ plan: z.string().max(64).meta({ description: "The plan that was shown" }) });

export const plan = z
  .object({
    plan: z.string().meta({ description: "Names these very steps; apply takes it" }),
    wish: z.string(),
    steps: z.array(z.string()),
    notes: z.array(z.string()),
  })
  .register(named, { id: "Plan" });

export const operation = z
  .object({
    id: z.string(),
    wish: z.string(),
    is: z.enum(["running", "stopped", "done", "cancelled"]),
    done: z.number().int().meta({ description: "Steps that are done" }),
    steps: z.array(z.string()),
    doing: z.string().meta({ description: "What it does or waits for at this moment" }),
    because: z.string().optional().meta({ description: "Why it stopped, and what to do" }),
    begun: time,
    changed: time,
  })
  .register(named, { id: "Operation" });
export const lastOperation = z.object({ operation: operation.optional() }).register(named, { id: "LastOperation" });

export const snapshot = z
  .object({ name: z.string(), at: time, size: z.number().int().meta({ description: "Bytes" }), sha256: z.string() })
  .register(named, { id: "Snapshot" });
export const snapshots = z
  .object({ snapshots: z.array(snapshot).meta({ description: "Newest first" }) })
  .register(named, { id: "Snapshots" });
