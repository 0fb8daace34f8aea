/** Words about Kubernetes, each as in values.ts. */
import { X509Certificate } from "node:crypto";
import { type Program, takenBy } from "../kubernetes/flags.ts";
import { quote } from "./problem.ts";
import { refuse } from "./values.ts";

export function kubernetesVersion(text: string): string {
  if (text !== "current" && !/^v?1\.\d{1,3}(\.\d{1,3})?$/.test(text))
    refuse(text, "is not a Kubernetes release", "all three numbers, as in 1.36.4, or two for the newest, as in 1.36");
  return text.replace(/^v/, "");
}

export function componentVersion(text: string): string {
  if (!/^v?\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text)) refuse(text, "is not a release", "all three numbers, as in 2.3.4");
  return text.replace(/^v/, "");
}

export function imageTag(text: string): string {
  return /^v?\d[\w.-]{0,60}$/.test(text)
    ? text
    : refuse(text, "is not the tag of a release's image", "it as the registry has it, as in 3.6.8-0");
}

/** Kubernetes' rule for label values; keys may have a domain and a slash in front. */
const LABEL_WORD = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

export function labelKey(text: string): string {
  const [name = "", domain, more] = text.split("/").reverse();
  const valid = LABEL_WORD.test(name) && more === undefined && (domain === undefined || LABEL_DOMAIN.test(domain));
  return valid ? text : refuse(text, "is not a label's name", "letters, digits, - _ and ., as in rack or example.com/rack");
}
const LABEL_DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

export function labelValue(text: string): string {
  return text === "" || LABEL_WORD.test(text) ? text : refuse(text, "is not a label's value", "at most 63 letters, digits, - _ and .");
}

/** Kubernetes' quantities, as far as CPUs and memory need them. */
export function quantity(text: string): string {
  return /^\d{1,12}(\.\d{1,3})?(m|[KMGT]i?|k)?$/.test(text) ? text : refuse(text, "is not a quantity", "as in 100m or 256Mi");
}

export function portRange(text: string): readonly [number, number] {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const ports: readonly [number, number] = [Number(first), Number(last)];
  if (first === undefined || ports[0] < 1 || ports[1] > 65535 || ports[0] > ports[1])
    refuse(text, "is not a range of ports", "the first and the last, as in 30000-32767");
  return ports;
}

/** Kubernetes' rule, and key=value:Effect as kubelet takes it. */
export function taint(text: string): string {
  const [, key = "", value = ""] = /^([^=:]+)(?:=([^:]*))?:(?:NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? [];
  if (key === "") refuse(text, "is not a taint", "as in dedicated=gpu:NoSchedule");
  labelKey(key);
  labelValue(value);
  return text;
}

/** Certificates in PEM; what stands around them is left out. */
export function certificates(text: string): string {
  const plain = text.replace(/^[ \t]+|\r/gm, "");
  const [start = ""] = plain.split("\n");
  if (plain.includes("PRIVATE KEY-----"))
    refuse(start, "begins a text with a private key, which is nobody else's", "the certificate alone");
  const found = plain.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0 || !found.every(isCertificate))
    refuse(start, "begins no certificate in PEM", "| and below it the lines of the file");
  return found.map((one) => `${one}\n`).join("");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined;
  } catch {
    return false;
  }
}

export function settingName(text: string): string {
  return /^[A-Za-z][\w.-]{0,62}$/.test(text) ? text : refuse(text, "is not a setting's name", "a word, as in replicas");
}

/** One line; it ends up in manifests. */
export function setting(text: string): string {
  return /^\P{Cc}{0,1000}$/u.test(text) ? text : refuse(text, "is not a setting", "one line of text");
}

/** With or without its dashes; one that follows from something else is refused. */
export const flagOf =
  (program: Program) =>
  (text: string): string => {
    const flag = text.replace(/^--/, "");
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(flag)) refuse(text, "is not a flag", "it as the program's --help has it, as in v or feature-gates");
    const by = takenBy(program, flag);
    if (by === undefined) return flag;
    throw new TypeError(
      by === "" ? `${quote(flag)} is what the rest stands on; leave it out` : `${quote(flag)} follows from something else; write ${by}`,
    );
  };

/** kubeadm's names of its checks hold no blanks; "all" would hide what matters. */
export function checkName(text: string): string {
  if (!/^[A-Za-z][\w./-]{0,100}$/.test(text) || text.toLowerCase() === "all")
    refuse(text, "is not one of kubeadm's checks", "its name as kubeadm prints it, as in NumCPU");
  return text;
}
