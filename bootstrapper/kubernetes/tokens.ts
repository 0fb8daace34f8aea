/** Bootstrap tokens: what a machine joins the cluster with, once and soon. https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ */

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
/** Those that are tokens. */
export const TOKENS = `${SECRETS}?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken`;

/** What the machine's tokens are told apart by. */
export const describes = (machine: string): string => `Sextant: for ${machine}`;

export function tokenSecret({ id, secret }: Token, machine: string, expiresAt: number): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      description: describes(machine),
      expiration: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
      "usage-bootstrap-authentication": "true",
      "usage-bootstrap-signing": "true",
      "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    },
  };
}

interface SecretList {
  readonly items?: readonly { readonly metadata?: { readonly name?: string }; readonly data?: Readonly<Record<string, string>> }[];
}

/** Names of the secrets that hold tokens of this machine. */
export function tokensOf(machine: string, list: unknown): readonly string[] {
  return ((list as SecretList | null)?.items ?? []).flatMap(({ metadata, data }) => {
    const description = Buffer.from(data?.["description"] ?? "", "base64").toString("utf8");
    return metadata?.name !== undefined && description === describes(machine) ? [metadata.name] : [];
  });
}
