import { expect, test } from "vitest";
import { sshKey } from "../../../cluster/description/ssh-key.ts";

const ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIDc5JAWo8S56rAkPZ0xJU21i4ZTaqvDt7M8KacHfEonq";

test.each([
  `ssh-ed25519 ${ED25519} admin@laptop`,
  `ssh-ed25519 ${ED25519}`,
  `from="10.0.0.0/8",no-pty ssh-ed25519 ${ED25519} with options`,
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPK6tiNvxw5NLHSF8ICO7hFIyz7Se3TAVWhnb2TEQzyNgQzf0Z0Xq1jLkYJxSxJ2d8gjS6bk5DAJ2hDl3DHnbqY=",
])("takes %s", (line) => expect(sshKey(`  ${line}\n`)).toBe(line));

test.each([
  { when: "the key is only begun", line: "ssh-ed25519 AAAA you@laptop", wrong: "this ssh-ed25519 key is cut off or only a placeholder" },
  { when: "its end is missing", line: `ssh-ed25519 ${ED25519.slice(0, 60)} me`, wrong: "cut off" },
  { when: "it says another type inside", line: `ssh-rsa ${ED25519} me`, wrong: "this ssh-rsa key is cut off" },
  { when: "only the comment is there", line: "ssh-ed25519", wrong: "cut off" },
  { when: "it is DSA", line: "ssh-dss AAAAB3NzaC1kc3M= me", wrong: "refused by every current sshd" },
  { when: "it is not a key", line: "hello world", wrong: '"hello world" does not begin a public key' },
  { when: "it is a file's name", line: "~/.ssh/id_ed25519.pub", wrong: "does not begin a public key" },
  { when: "there are two", line: `ssh-ed25519 ${ED25519} a\nssh-ed25519 ${ED25519} b`, wrong: "several lines are not one key" },
  { when: "nothing is there", line: "", wrong: '"" does not begin a public key' },
])("refuses it when $when", ({ line, wrong }) => {
  expect(() => sshKey(line)).toThrow(wrong);
  expect(() => sshKey(line)).toThrow(/; (write|make) .*id_ed25519\.pub/);
});

test("a private key is refused loudly and not repeated", () => {
  const secret = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
  const refused = () => sshKey(`-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n-----END OPENSSH PRIVATE KEY-----`);
  expect(refused).toThrow(/PRIVATE KEY.*delete it here, count it as stolen/);
  expect(refused).not.toThrow(secret);
});
