/** The small file that lies beside the parts of a bundle: what they are, and what they become. */
import { z } from "zod";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "is no SHA-256 in hex");
const shape = z.strictObject({
  version: z.literal(1),
  cluster: z.string(),
  /** Of the manifest.json of the bsroot that the bundle becomes. */
  manifest: sha256,
  /** Of the manifest.json whose files are left out. */
  since: sha256.exactOptional(),
  /** One tar archive, cut into pieces: cat makes it whole. */
  parts: z.array(z.strictObject({ name: z.string().regex(/^[\w.-]+$/, "is no plain file name"), size: z.int().nonnegative(), sha256 })),
});

export type Bundle = z.output<typeof shape>;

export const formatBundle = (bundle: Bundle): string => `${JSON.stringify(bundle, null, 1)}\n`;

/** Throws Error with the reason. */
export function parseBundle(text: string): Bundle {
  const found = shape.safeParse(JSON.parse(text));
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new Error(`${issue?.path.join(".") || "the file"}: ${issue?.message}`);
}

/** By which a version of a bsroot is called in file names. */
export const shortName = (manifest: string): string => manifest.slice(0, 12);
