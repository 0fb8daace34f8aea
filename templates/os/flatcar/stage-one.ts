/** The first configuration of Flatcar's live system: fetch install.sh and run it. Carries no secret. */
import type { BootContext } from "../../../cluster/extension.ts";
import { installUrl } from "../../boot/scripts.ts";
import { render } from "../../render.ts";
import { ignition } from "../ignition.ts";

export const stageOne = (context: BootContext): string =>
  ignition({
    users: [],
    files: [
      {
        path: "/opt/sextant/fetch-and-install",
        mode: 0o755,
        content: { bytes: new TextEncoder().encode(render("os/flatcar/fetch-and-install.sh.eta", { url: installUrl(context) })) },
      },
    ],
    units: [{ name: "sextant-install.service", enabled: true, contents: render("os/flatcar/install.service.eta", {}) }],
  });
