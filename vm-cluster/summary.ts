/** What `make up` says at its end: how to reach the rack, or what stopped it and what was said last. */
import { relative } from "node:path";
import type { Machine } from "./api.ts";
import type { Rack } from "./rack.ts";

export interface Arrived {
  readonly machines: readonly Machine[];
  readonly port: number;
  readonly sshConfig: string;
  /** Since `make up` began. */
  readonly seconds: number;
}

const here = (path: string): string => relative(process.cwd(), path);

export function summary(rack: Rack, { machines, port, sshConfig, seconds }: Arrived): string {
  const example = machines[0]!.name;
  const [ca, token, url] = [here(rack.bootstrapper.caFile), here(rack.bootstrapper.tokenFile), `https://127.0.0.1:${port}`];
  return [
    "",
    `all ${machines.length} machines of ${rack.cluster.name} are ready after ${Math.round(seconds)} s`,
    ...machines.map(({ name, address, roles }) => `  ${name.padEnd(12)} ${(address ?? "").padEnd(15)} ${roles.join(", ")}`),
    "",
    `web page   ${url}  (it asks for the token; its certificate is by ${ca})`,
    `API        curl --cacert ${ca} -H "Authorization: Bearer $(cat ${token})" ${url}/api/v1/machines`,
    `token      ${token}`,
    `log in     ssh -F ${here(sshConfig)} ${example}`,
    `serial     tail -f ${here(rack.machine(example).serialLog)}`,
    `journal    tail -f ${here(rack.bootstrapper.log)}`,
    "end        make down",
  ].join("\n");
}

/** `log` is where `words` come from. */
export const stopped = (message: string, who: string, log: string, words: readonly string[]): string =>
  [message, `the last words of ${who} (${here(log)}):`, ...words.map((line) => `  ${line}`)].join("\n");
