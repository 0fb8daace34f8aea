/** manifest.json and sextant.lock, read as something that cannot be trusted: both travel from the builder to the server. */
import { z } from "zod";
import type { Lock, Manifest } from "./layout.ts";

export type ManifestFile = Manifest["files"][number];

const insideOnly = (path: string): boolean =>
  path.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !/[\0\\]/.test(path);

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "is no SHA-256 in hex");
const size = z.int().nonnegative();

const manifest = z.object({
  version: z.literal(1),
  cluster: z.string(),
  files: z.array(
    z.object({
      path: z.string().refine(insideOnly, "is no plain path inside the bsroot"),
      size,
      sha256,
      secret: z.literal(true).exactOptional(),
    }),
  ),
});

const lock = z.strictObject({
  version: z.literal(1),
  versions: z.record(z.string(), z.string()),
  images: z.record(z.string(), z.string().regex(/^sha256:[0-9a-f]{64}$/, "is no digest")).default({}),
  artifacts: z.record(z.string(), z.strictObject({ url: z.string(), size, sha256, verified: z.string() })),
});

/** Throws Error with the reason. */
export const parseManifest = (text: string): Manifest => checked(manifest, text);

/** Throws Error with the reason. */
export const parseLock = (text: string): Lock => checked(lock, text);

function checked<T>(shape: z.ZodType<T>, text: string): T {
  const found = shape.safeParse(JSON.parse(text));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new Error(`${issue?.path.join(".") || "the file"}: ${issue?.message}`);
}
