/** Bootstrap tokens: what a machine joins the cluster with, once and soon. https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */
import { z } from "zod";
import { dashed, type Mac } from "../../cluster/address.ts";
import type { Machine } from "../../cluster/cluster.ts";

export interface Token {
  /** Six characters, and sixteen: all of [a-z0-9]. */
  readonly id: string;
  readonly secret: string;
}

/** Milliseconds. */
export const LIFETIME = 3_600_000;

export function newToken(random: (bytes: number) => Uint8Array): Token {
  return { id: letters(6, random), secret: letters(16, random) };
}

export const spelled = ({ id, secret }: Token): string => `${id}.${secret}`;

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
/** The largest multiple of them in a byte: what is above would make the first ones likelier. */
const FAIR = 256 - (256 % LETTERS.length);

function letters(count: number, random: (bytes: number) => Uint8Array): string {
  let text = "";
  while (text.length < count) {
    for (const byte of random(count)) if (byte < FAIR && text.length < count) text += LETTERS[byte % LETTERS.length];
  }
  return text;
}

export const SECRETS = "/api/v1/namespaces/kube-system/secrets";
/** What a machine's tokens are told apart by; a thousand machines may join at once, and none should be sent the tokens of all. */
const LABEL = "sextant.machine";
export const tokensOf = (mac: Mac): string =>
  `${SECRETS}?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken&labelSelector=${LABEL}%3D${dashed(mac)}`;

export function tokenSecret({ id, secret }: Token, { mac, name }: Pick<Machine, "mac" | "name">, expiresAt: number): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system", labels: { [LABEL]: dashed(mac) } },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      description: `Sextant: for ${name}`,
      expiration: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    },
  };
}

const secretList = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) });

/** Names of the secrets in an answer to `tokensOf`. Throws ZodError for what is no list. */
export const namesIn = (answer: unknown): readonly string[] => secretList.parse(answer).items.map(({ metadata }) => metadata.name);
