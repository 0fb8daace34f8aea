/** The programs that build images: how each is asked, in the order in which they are tried. */
import { spawn } from "node:child_process";

export interface BuildRequest {
  /** The folder with the Dockerfile. */
  readonly context: string;
  readonly name: string;
  /** "linux/arm64"; absent: the host's own. */
  readonly platform?: string;
  readonly args: Readonly<Record<string, string>>;
  /** Looks for a newer base image. */
  readonly fresh: boolean;
}

export interface Engine {
  readonly program: string;
  readonly works: readonly string[];
  build(request: BuildRequest): readonly string[];
  /** Writes a docker-archive. */
  save(name: string, file: string): readonly string[];
  remove(name: string): readonly string[];
}

const options = ({ context, name, platform, args, fresh }: BuildRequest): readonly string[] => [
  ...(platform === undefined ? [] : ["--platform", platform]),
  ...(fresh ? ["--pull"] : []),
  ...Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
  "--tag",
  name,
  context,
];

/** Docker's format keeps the health check, which OCI's has no place for. */
export const ENGINES: readonly Engine[] = [
  {
    program: "docker",
    works: ["version", "--format", "{{.Server.Version}}"],
    build: (request) => ["build", ...options(request)],
    save: (name, file) => ["save", "--output", file, name],
    remove: (name) => ["rmi", name],
  },
  {
    program: "buildah",
    works: ["--version"],
    build: (request) => ["bud", "--format", "docker", ...options(request)],
    save: (name, file) => ["push", name, `docker-archive:${file}:${name}`],
    remove: (name) => ["rmi", name],
  },
  {
    program: "podman",
    works: ["--version"],
    build: (request) => ["build", "--format", "docker", ...options(request)],
    save: (name, file) => ["save", "--format", "docker-archive", "--output", file, name],
    remove: (name) => ["rmi", name],
  },
];

/** The first that works; a docker whose service is not running does not. */
export async function findEngine(engines: readonly Engine[] = ENGINES): Promise<Engine | undefined> {
  for (const engine of engines) {
    const answer = await ask(engine.program, engine.works, 15_000);
    if (answer.code === 0) return engine;
  }
  return undefined;
}

export interface Answer {
  /** null: it could not be started, or was ended. */
  readonly code: number | null;
  /** The end of both its outputs. */
  readonly words: string;
}

/** Runs a program to its end. `patience`: milliseconds before it is ended. Never throws. */
export function ask(program: string, args: readonly string[], patience?: number): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...(patience !== undefined && { timeout: patience }) });
    let words = "";
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding("utf8").on("data", (text: string) => {
        words = (words + text).slice(-6000);
      });
    }
    child.on("error", (error) => resolve({ code: null, words: error.message }));
    child.on("close", (code) => resolve({ code, words }));
  });
}
