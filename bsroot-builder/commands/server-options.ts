/** The options of `build` that say how the server will start the bootstrapper. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { ARCHITECTURES, type Architecture } from "../../cluster/cluster.ts";
import { type ServerOptions, WAYS } from "../appliance/prepare.ts";

export interface ServerWords {
  readonly bootstrapper: ServerOptions["way"];
  readonly serverArch: readonly Architecture[];
  readonly nodeImage: string;
}

const BASE = "docker.io/library/node:24-bookworm-slim";

export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--bootstrapper <way>",
        "for the server: its container image, or the program for node; auto: the image where it can be built",
      )
        .choices(WAYS)
        .default("auto")
        .env("SEXTANT_BOOTSTRAPPER"),
    )
    .option("--server-arch <list>", "architectures of the server, as in amd64,arm64", architectures, ["amd64"])
    .option("--node-image <name>", "the image that the bootstrapper's is made from", BASE);
}

/** `environment`: of this process; npm tells its scripts which registry it asks. */
export function serverOptions(words: ServerWords, { npm_config_registry: npmRegistry }: NodeJS.ProcessEnv): ServerOptions {
  const { bootstrapper: way, serverArch, nodeImage } = words;
  return { way, architectures: serverArch, nodeImage, ...(npmRegistry && { npmRegistry }) };
}

function architectures(text: string): readonly Architecture[] {
  const words = [...new Set(text.split(","))];
  const known = words.map((word) => ARCHITECTURES.find((architecture) => architecture === word));
  if (known.some((one) => one === undefined))
    throw new InvalidArgumentError(`It must be one of ${ARCHITECTURES.join(", ")}, or several with commas.`);
  return known as readonly Architecture[];
}
