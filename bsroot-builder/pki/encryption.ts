/** EncryptionConfiguration: what API servers encrypt Secrets with before etcd sees them. */
import { randomBytes } from "node:crypto";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { layout } from "../../cluster/layout.ts";
import { NEW, refuse, type Verdict } from "./judge.ts";

/** Of a secretbox key (XSalsa20 and Poly1305), which needs no care for padding or for how often it is used. */
const KEY_BYTES = 32;

/** The first provider writes, all of them read: Secrets from before this file was there are read as they are. */
export const newEncryption = (key: Uint8Array = randomBytes(KEY_BYTES)): string =>
  stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets"],
        providers: [{ secretbox: { keys: [{ name: "sextant", secret: Buffer.from(key).toString("base64") }] } }, { identity: {} }],
      },
    ],
  });

/** Whatever providers an operator chose: no more is asked than that API servers would begin to read it. */
const SHAPE = z.object({
  apiVersion: z.literal("apiserver.config.k8s.io/v1"),
  kind: z.literal("EncryptionConfiguration"),
  resources: z
    .array(z.object({ resources: z.array(z.string()).min(1), providers: z.array(z.record(z.string(), z.unknown())).min(1) }))
    .min(1),
});

/** `text`: as it lies on disk; `existed`: an earlier build made it, and the cluster's Secrets may be encrypted with it. */
export function judgeEncryption(text: string | undefined, existed: boolean): Verdict {
  const path = layout.tls.encryption;
  const wayOut =
    "without its key no Secret of the cluster can be read; restore it from a backup or from /etc/kubernetes of a control plane";
  if (text === undefined) return existed ? refuse(`${path} is missing; ${wayOut}`) : NEW;
  return isConfiguration(text) ? { do: "keep" } : refuse(`${path} is no EncryptionConfiguration; ${wayOut}`);
}

function isConfiguration(text: string): boolean {
  try {
    return SHAPE.safeParse(parse(text)).success;
  } catch {
    return false;
  }
}
