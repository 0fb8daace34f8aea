/** The HTTP server: boot files and stage one in plain, everything over TLS. */
import { type Router as AnyRouter, Router, type RouterContext, type RouterMiddleware } from "@koa/router";
import Koa from "koa";
import { bootRoutes } from "./booting/boot.ts";
import { installRoutes } from "./booting/install.ts";
import { failures } from "./failures.ts";
import { HotFiles } from "./files.ts";
import { guard } from "./guard.ts";
import { healthRoutes } from "./health.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { apiRoutes, operatorsOnly } from "./operator/api-routes.ts";
import { type Credentials, operatorOf } from "./operator/credentials.ts";
import { sessionRoutes } from "./operator/session-routes.ts";
import { Sessions } from "./operator/sessions.ts";
import { setupKubectlRoutes } from "./operator/setup-kubectl.ts";
import { snapshotRoutes } from "./operator/snapshot-routes.ts";
import { pageRoutes, readPage } from "./page.ts";
import { refusalsJournal } from "./refusals-journal.ts";
import { configRoutes } from "./secrets/config.ts";
import { grantRoutes } from "./secrets/grant.ts";
import { kubernetesRoutes } from "./secrets/kubernetes.ts";
import { nodeSnapshotRoutes } from "./secrets/node-snapshot.ts";
import { reportRoutes } from "./secrets/report.ts";
import { type Listening, listen, type Place } from "./server.ts";
import { staticFiles } from "./static-files.ts";
import { tlsOnly } from "./tls-only.ts";
import { Transfers } from "./transfers.ts";
import type { World } from "./world.ts";

export interface HttpOptions {
  /** Where both ports listen: "10.0.0.1", or "0.0.0.0" for every interface. */
  readonly address: string;
  /** 0: any free one. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** PEM. */
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly limits?: Partial<Limits>;
}

export interface HttpService {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** New connections are met with this certificate. */
  certify(tls: HttpOptions["tls"]): void;
  /** Resolves within about a second, even while downloads are running. */
  close(): Promise<void>;
}

/** Resolves when both ports answer; throws, with neither open, when one cannot. */
export async function startHttp(world: World, options: HttpOptions): Promise<HttpService> {
  const limits: Limits = { ...LIMITS, ...options.limits };
  const transfers = new Transfers(world.machines, world.now);
  const sessions = new Sessions(world.now, world.random);
  const credentials: Credentials = { tokenHash: () => world.apiTokenHash, sessions };
  const files = new HotFiles();
  const page = await readPage();
  const noteRefusal = refusalsJournal(world.journal, world.now);

  const open = (place: Place, ...steps: readonly RouterMiddleware[]): Promise<Listening> =>
    listen(application([failures(world.journal, noteRefusal, limits), guard(limits), ...steps], world).callback(), place, limits, (text) =>
      world.journal({ from: "http", level: "warning", text }),
    );

  const tlsRouter = stageOne(world, transfers, (ctx) => operatorOf(ctx, credentials) !== undefined);
  grantRoutes(tlsRouter, world);
  configRoutes(tlsRouter, world);
  reportRoutes(tlsRouter, world, limits);
  kubernetesRoutes(tlsRouter, world, limits);
  nodeSnapshotRoutes(tlsRouter, world);
  apiRoutes(tlsRouter, world);
  snapshotRoutes(tlsRouter, world);
  sessionRoutes(tlsRouter, credentials, world);
  setupKubectlRoutes(tlsRouter, world);
  pageRoutes(tlsRouter, page);
  const tlsPlace = { address: options.address, port: options.httpsPort, tls: options.tls };
  const https = await open(tlsPlace, operatorsOnly(credentials), ...routes(tlsRouter), staticFiles(world, transfers, files));
  try {
    const plainRouter = stageOne(world, transfers, () => false);
    const plainPlace = { address: options.address, port: options.httpPort };
    const http = await open(plainPlace, ...routes(plainRouter), staticFiles(world, transfers, files), tlsOnly(world, https.port));
    return {
      httpPort: http.port,
      httpsPort: https.port,
      certify: https.certify,
      close: async () => {
        await Promise.all([http.close(), https.close()]);
      },
    };
  } catch (error) {
    await https.close();
    throw error;
  }
}

/** What carries no secret and is served on both ports. */
function stageOne(world: World, transfers: Transfers, isOperator: (ctx: RouterContext) => boolean): AnyRouter {
  const router = new Router();
  const booting = { world, transfers, isOperator };
  bootRoutes(router, booting);
  installRoutes(router, booting);
  healthRoutes(router, world);
  return router;
}

const routes = (router: AnyRouter): readonly RouterMiddleware[] => [router.routes(), router.allowedMethods()];

/** `steps` are asked in turn until one answers. */
function application(steps: readonly RouterMiddleware[], { journal }: Pick<World, "journal">): Koa {
  const app = new Koa();
  for (const step of steps) app.use(step as Koa.Middleware);
  // failures.ts has answered everything else: what comes here is a client that left, or an answer that could not be written.
  app.on("error", (error: Error & { readonly headerSent?: boolean }) => {
    if (!error.headerSent) journal({ from: "http", level: "warning", text: `an answer could not be written: ${error.message}` });
  });
  return app;
}
