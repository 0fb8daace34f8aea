/** A part that could not have its port: who is in the way, and the way out. */
import { type Protocol, portHolder } from "./port-holder.ts";

/** The bootstrapper cannot start: says why, and the way out. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** `options`: which option chooses which port. Throws StartError instead of what the network refused; any other error as it is. */
export async function withPorts<T>(protocol: Protocol, options: Readonly<Record<string, number>>, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const code = codeOf(error);
    if (!(error instanceof Error) || code === undefined) throw error;
    if (code !== "EADDRINUSE") throw new StartError(error.message, { cause: error });
    const refused = Object.entries(options).find(([, port]) => new RegExp(`:${port}\\b`).test(error.message));
    const [option, port] = refused ?? Object.entries(options)[0] ?? ["another option", 0];
    const holder = await portHolder(protocol, port);
    const who = holder ? `It is held by ${holder}: stop that` : "Stop the program that has it";
    throw new StartError(`${error.message}. ${who}, or choose another port with ${option}`, { cause: error });
  }
}

/** Of the error itself, or of what it was made from. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return (error as NodeJS.ErrnoException).code ?? codeOf(error.cause);
}
