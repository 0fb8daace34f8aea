/** What a plan for bsroot/tls comes to: one line for each file, with why. */
import { layout } from "../../cluster/layout.ts";
import { KUBERNETES, MACHINES, type TlsPlan, TSIG_KEYS } from "./plan.ts";

export interface InWords {
  readonly certificates: readonly string[];
  /** Keys that have no certificate. */
  readonly keys: readonly string[];
}

export function inWords({ authorities, serviceAccount, encryption, issue, tsig, remove }: TlsPlan): InWords {
  const gone = (folder: string) => remove.filter((path) => path.startsWith(`${folder}/`));
  return {
    certificates: [
      ...authorities.map(({ ca, because }) => `${ca.certificate}: ${because}`),
      ...issue.map(({ leaf, because }) => `${leaf.certificate}: ${because}`),
      ...gone(MACHINES).map((path) => `${path}: no machine of the description needs it any more`),
      ...gone(KUBERNETES).map((path) => `${path}: the description does not ask for it any more`),
    ],
    keys: [
      ...(serviceAccount ? [`${layout.tls.serviceAccountKey}: ${serviceAccount.because}`] : []),
      ...(encryption ? [`${layout.tls.encryption}: ${encryption.because}`] : []),
      ...tsig.map(({ key, because }) => `${layout.tls.tsigKey(key.name)}: ${because}`),
      ...gone(TSIG_KEYS).map((path) => `${path}: it is not in the description any more`),
    ],
  };
}
