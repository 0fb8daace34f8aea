/** What the API says, as schemas: the types, the OpenAPI document and the tests all come from here. Times are ISO 8601 in UTC. */
import { z } from "zod";
import { PHASES } from "../../machines/machine.ts";

/** The schemas that have a name in the OpenAPI document. */
export const named = z.registry<{ id: string }>();

const macText = z.string().meta({ description: "Lower case with colons", examples: ["52:54:00:12:34:56"] });
const time = z.string().meta({ format: "date-time" });
const bytes = z.number().int().nonnegative().meta({ description: "Bytes" });

export const machine = z
  .object({
    mac: macText,
    name: z.string(),
    address: z.string().optional(),
    roles: z.array(z.string()),
    phase: z.enum(PHASES),
    since: time.meta({ description: "When it entered the phase" }),
    because: z.string().meta({ description: "Why it is where it is" }),
    hint: z.string().optional().meta({ description: "What the operator can do about it" }),
    lastSeen: time,
    nextBoot: z.object({ do: z.enum(["install", "discover", "local", "nothing"]), because: z.string() }),
    disks: z.array(z.string()).meta({ description: "Disks that Sextant began to write for this machine" }),
    grant: z
      .object({
        openedAt: time,
        expiresAt: time,
        attempt: z.number().int(),
        tokenGiven: z.boolean(),
        releasedAt: time.optional().meta({ description: "When the secrets left" }),
        mayWipe: z.boolean(),
      })
      .optional(),
    node: z
      .object({
        ready: z.boolean(),
        since: time.optional(),
        version: z.string(),
        because: z.string().meta({ description: "Why it is not Ready, or what is odd" }),
      })
      .optional()
      .meta({ description: "The machine as its cluster sees it" }),
    transfer: z.object({ file: z.string(), sent: bytes, size: bytes }).optional(),
  })
  .register(named, { id: "Machine" });

export const machines = z.object({ machines: z.array(machine) }).register(named, { id: "Machines" });

export const journalEntry = z
  .object({
    at: time,
    from: z.enum(["dhcp", "tftp", "dns", "http", "machines", "time", "registry", "kubernetes", "appliance"]),
    level: z.enum(["info", "warning", "refused"]),
    mac: macText.optional(),
    text: z.string(),
  })
  .register(named, { id: "JournalEntry" });

export const journal = z.object({ entries: z.array(journalEntry).meta({ description: "Newest last" }) }).register(named, { id: "Journal" });

export const leases = z
  .object({
    leases: z.array(
      z.object({
        mac: macText,
        address: z.string(),
        hostname: z.string().optional().meta({ description: "What the client calls itself" }),
        expiresAt: time.optional().meta({ description: "Absent for an infinite lease" }),
      }),
    ),
  })
  .register(named, { id: "Leases" });

export const status = z
  .object({
    cluster: z.string(),
    now: time,
    ok: z.boolean(),
    parts: z.record(z.string(), z.string()).meta({ description: "What each part of the bootstrapper says of itself" }),
    machines: z.number().int().meta({ description: "Listed ones, retired ones not counted" }),
    ready: z.number().int(),
    phases: z.record(z.string(), z.number().int()).meta({ description: "How many machines are in each phase" }),
  })
  .register(named, { id: "Status" });

export const cluster = z
  .object({
    version: z.string().optional().meta({ description: "Kubernetes' release; absent when the description asks for none" }),
    endpoint: z.string().meta({ description: "Where the API is", examples: ["10.0.0.10:6443"] }),
    founding: z.object({
      is: z.enum(["open", "begun", "done"]),
      by: z.string().optional().meta({ description: "The control plane that founds the cluster, or did" }),
      at: time.optional(),
    }),
    servers: z.array(
      z.object({ name: z.string(), address: z.string(), is: z.enum(["ready", "foreign", "answers", "silent"]), because: z.string() }),
    ),
    nodes: z.object({ ready: z.number().int(), expected: z.number().int() }),
    missing: z.array(z.string()).meta({ description: "What is wrong, one sentence each" }),
    addOns: z.array(z.object({ name: z.string(), is: z.enum(["waits", "refused", "starts", "well", "left"]), because: z.string() })),
  })
  .register(named, { id: "Cluster" });

export const kubeconfig = z.string().register(named, { id: "Kubeconfig" });
export const kubeconfigQuery = z.object({
  by: z
    .enum(["name", "address"])
    .default("name")
    .meta({ description: "address: where an API server is right now, for who does not ask our DNS" }),
});

export const problem = z.object({ error: z.string(), hint: z.string() }).register(named, { id: "Problem" });

export const journalQuery = z.object({
  count: z.coerce.number().int().min(1).max(1000).default(100).meta({ description: "At most so many, the newest" }),
  mac: z.string().max(32).optional().meta({ description: "Only this machine's, in any notation" }),
  level: z.enum(["info", "warning", "refused"]).optional(),
});
