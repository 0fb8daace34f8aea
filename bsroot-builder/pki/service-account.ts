/** The pair that service accounts' tokens are signed and checked with: sa.key and sa.pub, as kubeadm keeps them. */
import { layout } from "../../cluster/layout.ts";
import { BEGIN_ANEW, isKey, NEW, refuse, type Verdict } from "./judge.ts";
import { publicOf } from "./keys.ts";

const { serviceAccount, serviceAccountKey } = layout.tls;

/** PEM; `existed`: an earlier build made them. The public half follows from the private one, so it can always be written again. */
export function judgeServiceAccount(publicKey: string | undefined, key: string | undefined, existed: boolean): Verdict {
  if (key === undefined) {
    if (publicKey === undefined && !existed) return NEW;
    return refuse(`${serviceAccountKey} is missing; every pod's token was signed with it; ${BEGIN_ANEW}`);
  }
  if (!isKey(key)) return refuse(`${serviceAccountKey} is no private key; ${BEGIN_ANEW}`);
  if (publicKey === undefined) return existed ? { do: "issue", because: "its public half was missing" } : NEW;
  if (!holds(publicKey, key))
    return refuse(`${serviceAccount} is not the public half of ${serviceAccountKey}; delete it to have it written from the key`);
  return { do: "keep" };
}

/** There may be others in the file: API servers go on believing tokens by an older key. */
function holds(publicKeys: string, key: string): boolean {
  const blocks = publicKeys.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  return blocks.some((block) => {
    try {
      return publicOf(block) === publicOf(key);
    } catch {
      return false;
    }
  });
}
