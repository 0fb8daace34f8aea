/** JSON Schema of the recommended form, for editors that complete and check cluster-desc.yml while it is written. */
import { z } from "zod";
import { newForm } from "./description/new-form.ts";

/** Draft 2020-12. cluster-desc.schema.json beside this file is its committed copy. */
export function jsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(newForm, { target: "draft-2020-12", io: "input", override: ({ jsonSchema }) => nativeDefault(jsonSchema) });
  return { ...schema, title: "Sextant cluster description", description: "What a rack of machines is to become." };
}

/** Our schema reads text; an editor's YAML reader has already made numbers and booleans of it. */
function nativeDefault(schema: { type?: unknown; default?: unknown }): void {
  const types = [schema.type].flat();
  if (types.includes("boolean") && schema.default === "true") schema.default = true;
  if (types.includes("integer") && /^\d+$/.test(String(schema.default))) schema.default = Number(schema.default);
}
