/** index.json of the add-ons, checked. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { AddOnIndex, AppliedAddOn } from "../../cluster/layout.ts";

const inside = z
  .string()
  .refine((path) => /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/.test(path), "is no path below the add-ons' folder");
const label = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/);
const index = z.object({
  version: z.literal(1),
  addons: z.array(
    z.object({
      name: label,
      files: z.array(z.object({ path: inside, sha256: z.string().regex(/^[0-9a-f]{64}$/), secret: z.literal(true).optional() })),
      workloads: z.array(z.object({ kind: z.enum(["Deployment", "DaemonSet", "StatefulSet", "Job"]), namespace: label, name: label })),
      images: z.array(z.string()).optional(),
    }),
  ),
});

/** Throws TypeError with what is wrong. */
export function parseIndex(bytes: Uint8Array): AddOnIndex {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new TypeError(`is no JSON: ${(error as Error).message}`);
  }
  const parsed = index.safeParse(value);
  if (parsed.success) return parsed.data as AddOnIndex; // what is absent in JSON is absent here
  throw new TypeError(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
}

/** The same for the same bytes: what was applied once need not be applied again. */
export const contentHash = ({ files }: Pick<AppliedAddOn, "files">): string =>
  createHash("sha256")
    .update(files.map(({ sha256 }) => sha256).join(" "))
    .digest("hex");
