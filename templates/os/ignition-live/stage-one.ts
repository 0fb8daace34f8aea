/** The first configuration of a live system that Ignition sets up (Flatcar, Fedora CoreOS): fetch install.sh and run it. Carries no secret. */
import type { BootContext } from "../../../cluster/extension.ts";
import { installUrl } from "../../boot/scripts.ts";
import { render } from "../../render.ts";
import { ignition } from "../ignition.ts";

/** The script is started by sh, so that SELinux runs it as any other service, whatever the file's label. */
export const stageOne = (context: BootContext): string =>
  ignition({
    users: [],
    files: [
      {
        path: "/opt/sextant/fetch-and-install",
        mode: 0o755,
        content: { bytes: new TextEncoder().encode(render("os/ignition-live/fetch-and-install.sh.eta", { url: installUrl(context) })) },
      },
    ],
    units: [{ name: "sextant-install.service", enabled: true, contents: render("os/ignition-live/install.service.eta", {}) }],
  });
