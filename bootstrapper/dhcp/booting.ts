/** What a client that wants to boot is handed, if `nextBoot` lets it boot at all. */
import type { Situated } from "./decision.ts";
import { type Handover, handover, recognise } from "./firmware.ts";

export interface Boot {
  readonly handover: Handover;
  /** Continues the sentence that says why there is a reply; empty when nobody wants to boot. */
  readonly because: string;
  readonly level?: { readonly level: "warning" };
}

type Asking = Pick<Situated, "request" | "site" | "segment" | "quirks" | "nextBoot">;

const NOTHING: Handover = { bootFile: "", options: {} };

export function bootOf({ request: { mac, options }, site, segment, quirks, nextBoot }: Asking): Boot {
  const client = recognise(options, site.machines.get(mac)?.secureBoot, quirks);
  if (client.stage === "system") return { handover: NOTHING, because: "" };
  if (client.stage === "unsupported") return { handover: NOTHING, because: `; ${client.because}`, level: { level: "warning" } };
  const next = nextBoot(mac);
  return {
    handover: next.do === "nothing" ? NOTHING : handover(client, mac, segment.server, quirks),
    because: `; ${next.do}: ${next.because}`,
  };
}
