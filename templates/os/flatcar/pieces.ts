/** What Flatcar adds to a node's plan: its system extensions, and the way to update it from the bootstrapper. */
import type { BootContext } from "../../../cluster/extension.ts";
import type { PlanFile, PlanPiece } from "../../../cluster/plan.ts";
import { render } from "../../render.ts";
import { gpuFiles } from "./nvidia.ts";
import { board, extensionPlace, type Flatcar, UPDATE } from "./release.ts";

export function pieces(context: BootContext<Flatcar>): PlanPiece {
  const { os, machine, server } = context;
  const extensions = os.extensions ?? [];
  const update = (): PlanFile => ({
    path: "/opt/sextant/update",
    mode: 0o755,
    content: {
      text: render("os/flatcar/update.sh.eta", {
        https: server.https,
        board: board(machine.architecture),
        payload: UPDATE,
      }),
    },
  });
  return {
    files: [
      // Where systemd-sysext looks first, and where nothing of a release ever lies. Each must bear its own name.
      ...extensions.map((extension) => ({
        path: `/etc/extensions/${extension.name}.raw`,
        mode: 0o644,
        content: { path: extensionPlace(extension) },
      })),
      ...gpuFiles(context),
      ...(os.updates ? [update()] : []),
    ],
    units: extensions.length > 0 || machine.gpu ? [{ name: "systemd-sysext.service", enabled: true }] : [],
  };
}
