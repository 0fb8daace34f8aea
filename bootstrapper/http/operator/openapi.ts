/** The OpenAPI document of the API, made from the table that also makes its routes. */
import { z } from "zod";
import type { Operation } from "./operation-row.ts";
import { OPERATIONS } from "./operations.ts";
import { named, problem } from "./schemas.ts";

export const API = "/api/v1";

type Json = Record<string, unknown>;

/** https://spec.openapis.org/oas/v3.1.1 */
export function openApi(cluster: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS) paths[operation.path] = { ...paths[operation.path], [operation.method]: described(operation) };
  return {
    openapi: "3.1.0",
    info: { title: `Sextant: ${cluster}`, version: "1", description: "The machines of a cluster and what may become of them." },
    servers: [{ url: API }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "The content of bsroot/tls/api-token" } },
      schemas: schemas(),
    },
  };
}

function described({ id, method, path, summary, query, answer, type }: Operation): Json {
  const parameters = [
    ...(path.includes("{mac}")
      ? [{ name: "mac", in: "path", required: true, schema: { type: "string" }, description: "In any notation" }]
      : []),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => ({ name, in: "query", schema: schemaOf(schema as z.ZodType) })),
  ];
  return {
    operationId: id,
    summary,
    ...(parameters.length > 0 && { parameters }),
    responses: {
      200: { description: "Done", content: type ? { [type]: { schema: reference(answer) } } : json(reference(answer)) },
      ...(parameters.length > 0 && { 400: failure("Not understood") }),
      401: failure("Without the API token"),
      ...(path.includes("{mac}") && { 404: failure("No such machine") }),
      ...(method === "post" && { 403: failure("A foreign page's request"), 409: failure("Not possible as things are") }),
    },
  };
}

const json = (schema: Json): Json => ({ "application/json": { schema } });
const failure = (description: string): Json => ({ description, content: json(reference(problem)) });
const reference = (schema: z.ZodType): Json => ({ $ref: `#/components/schemas/${nameOf(schema)}` });

/** Throws for a schema without a name: every answer has one. */
function nameOf(schema: z.ZodType): string {
  const name = named.get(schema)?.id;
  if (name === undefined) throw new Error("this API schema has no id");
  return name;
}

/** As input, because that leaves objects open: a later version may tell more. */
function schemas(): Json {
  const { schemas: all } = z.toJSONSchema(named, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, without(schema)]));
}

const schemaOf = (schema: z.ZodType): Json => without(z.toJSONSchema(schema, { io: "input" }));

function without({ $schema, $id, id, ...schema }: Json): Json {
  return schema;
}
