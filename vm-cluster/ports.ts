/** A port of 127.0.0.1 that nobody has. */
import { createServer } from "node:net";

/** `wanted` if it is free, else any other. */
export async function freePort(wanted: number): Promise<number> {
  return (await probe(wanted)) ?? (await probe(0)) ?? Promise.reject(new Error("127.0.0.1 has no free port"));
}

function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}
