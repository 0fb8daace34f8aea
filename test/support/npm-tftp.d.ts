/** What we use of the npm package tftp, which ships no types. */
declare module "tftp" {
  interface Client {
    get(remote: string, local: string, done: (error?: Error | null) => void): void;
  }
  export function createClient(options: { host: string; port: number; blockSize?: number; windowSize?: number }): Client;
}
