/** /setup-kubectl: a script without secrets that installs kubectl and a kubeconfig, under this name and those of 2016. */
import type { Router } from "@koa/router";
import { answerText } from "../answers.ts";
import { Refusal } from "../refusal.ts";
import type { World } from "../world.ts";

export function setupKubectlRoutes(router: Router, world: World): void {
  for (const path of ["/setup-kubectl", "/setup-kubectl.sh", "/setup-kubectl.bash", "/setup_kubectl.bash"]) {
    router.get(path, (ctx) => {
      const script = world.texts.setupKubectl();
      if (script === undefined) {
        throw new Refusal(404, {
          what: "there is no kubectl to set up",
          because: "this bsroot has none of the cluster's release",
          todo: "write kubernetes.version into cluster-desc.yml and build again",
        });
      }
      answerText(ctx, script);
    });
  }
}
