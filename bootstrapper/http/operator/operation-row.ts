/** One thing that the API can do: where it is, what it takes and answers, and how it is done. */
import type { z } from "zod";
import type { Mac } from "../../../cluster/address.ts";
import { Refusal } from "../refusal.ts";
import type { World } from "../world.ts";

export interface Operation {
  readonly id: string;
  readonly method: "get" | "post";
  /** Below /api/v1, with {mac} where the machine stands. */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly answer: z.ZodType;
  /** What the answer is written in; JSON unless said otherwise. */
  readonly type?: "application/yaml";
  run(call: Call): unknown;
}

export interface Call {
  readonly world: World;
  /** The {mac} of the path. */
  mac(): Mac;
  /** Not yet checked. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Who did it, for the journal: "10.0.0.5". */
  readonly caller: string;
}

/** A row whose `run` must answer what its schema says, and is given its query parsed. */
export function row<A extends z.ZodType, Q extends z.ZodObject = z.ZodObject>(
  definition: Omit<Operation, "run" | "answer" | "query"> & {
    readonly answer: A;
    readonly query?: Q;
    run(call: Call, query: z.output<Q>): z.output<A> | Promise<z.output<A>>;
  },
): Operation {
  return { ...definition, run: (call) => definition.run(call, parsedQuery(definition.query, call.query) as z.output<Q>) };
}

function parsedQuery(schema: z.ZodObject | undefined, query: Readonly<Record<string, unknown>>): unknown {
  if (!schema) return {};
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const because = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new Refusal(400, { what: "the query was not understood", because, todo: "see /api/v1/openapi.json" });
}
