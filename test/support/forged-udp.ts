/** Datagrams that no socket of ours would send: from port 0, through a raw socket (needs root; perl is on every Debian). */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const SCRIPT = `
  use Socket;
  my ($port, $payload) = @ARGV;
  socket(my $raw, PF_INET, SOCK_RAW, 17) or die "raw socket: $!";
  my $header = pack("nnnn", 0, $port, 8 + length $payload, 0);
  send($raw, $header . $payload, 0, pack_sockaddr_in(0, inet_aton("127.0.0.1"))) or die "send: $!";
`;

/** Sends `payload` to a port on loopback, from source port 0. */
export async function sendFromPortZero(port: number, payload: string): Promise<void> {
  await promisify(execFile)("perl", ["-e", SCRIPT, String(port), payload]);
}
