/** What a client that wants to boot is handed, if `nextBoot` lets it boot at all. */
import { layout } from "../../cluster/layout.ts";
import type { Situated } from "./decision.ts";
import { type Client, type Handover, handover, recognise } from "./firmware.ts";

export interface Boot {
  readonly handover: Handover;
  /** Continues the sentence that says why there is a reply; empty when nobody wants to boot. */
  readonly because: string;
  readonly level?: { readonly level: "warning" };
}

type Asking = Pick<Situated, "request" | "site" | "segment" | "quirks" | "nextBoot" | "hasFile">;

const NOTHING: Handover = { bootFile: "", options: {} };

export function bootOf({ request: { mac, options }, site, segment, quirks, nextBoot, hasFile }: Asking): Boot {
  const client = recognise(options, site.machines.get(mac)?.secureBoot, quirks);
  if (client.stage === "system") return { handover: NOTHING, because: "" };
  if (client.stage === "unsupported") return { handover: NOTHING, because: `; ${client.because}`, level: { level: "warning" } };
  const absent = quirks.bootFile === undefined && hasFile && fileOf(client);
  if (absent && !hasFile(absent)) {
    const because = `; its firmware needs ${absent}, which is not in this bsroot: no loader is built for it, so put one there`;
    return { handover: NOTHING, because, level: { level: "warning" } };
  }
  const next = nextBoot(mac);
  return {
    handover: next.do === "nothing" ? NOTHING : handover(client, mac, segment.server, quirks),
    because: `; ${next.do}: ${next.because}`,
  };
}

/** Where its loader lies in the bsroot: the same name stands below both roots. */
const fileOf = (client: Client): string | undefined =>
  client.stage === "firmware" ? `${client.over === "http" ? `${layout.static}/boot` : layout.tftp}/${client.loader}` : undefined;
