import { describe, expect, test } from "vitest";
import { readSettings, SettingsError } from "../../bootstrapper/settings.ts";

const read = (line: string, environment: Record<string, string> = {}) => readSettings(line.split(" ").filter(Boolean), environment);

describe("the command line", () => {
  test("serves from the usual places on the usual ports", () => {
    expect(read("serve")).toEqual({
      command: "serve",
      bsroot: "/bsroot",
      state: "/var/lib/sextant",
      ports: { http: 80, https: 443, dhcp: 67, tftp: 69, dns: 53, time: 123, registry: 5000 },
      time: "serve",
      registry: "serve",
      probe: "on",
      log: "text",
      format: "text",
      path: "",
    });
  });

  test("says otherwise, before or after the command", () => {
    expect(read("--bsroot b serve --state s --address 10.0.0.5 --http-port 8080 --time off --log json")).toMatchObject({
      bsroot: "b",
      state: "s",
      address: "10.0.0.5",
      ports: { http: 8080, https: 443 },
      time: "off",
      log: "json",
    });
  });

  test("goes before the environment, and both before what is usual", () => {
    const environment = { SEXTANT_HTTP_PORT: "8080", SEXTANT_DNS_PORT: "5353", HTTP_PORT: "1" };
    expect(read("check --http-port 8081", environment)).toMatchObject({ command: "check", ports: { http: 8081, dns: 5353, tftp: 69 } });
  });

  test("is read once: nothing can change it later", () => {
    const settings = read("serve");
    expect(Object.isFrozen(settings)).toBe(true);
    expect("ports" in settings && Object.isFrozen(settings.ports)).toBe(true);
  });

  test.each(["", "--help", "help", "serve -h", "check --help"])("'%s' asks for help, or needs it", (line) => {
    if (line === "") expect(() => read(line)).toThrow("no command is given; see bootstrapper --help");
    else expect(read(line)).toMatchObject({ command: "help", text: expect.stringContaining("--http-port PORT") });
  });

  test.each([
    { line: "run", because: 'there is no command "run"' },
    { line: "serve twice", because: '"twice" is one word too many' },
    { line: "serve --bsrot /b", because: "--bsrot" },
    { line: "serve --http-port http", because: '--http-port: "http" is no port; write a number from 1 to 65535' },
    { line: "serve --http-port 65536", because: "--http-port" },
    { line: "serve --http-port 0", because: "--http-port" },
    { line: "serve --address 10.0.0", because: '--address: "10.0.0" is not an IPv4 address' },
    { line: "serve --time sometimes", because: '--time: "sometimes" is none of off, serve, steer' },
    { line: "serve --bsroot", because: "--bsroot" },
  ])("'$line' is refused: $because", ({ line, because }) => {
    expect(() => read(line)).toThrow(SettingsError);
    expect(() => read(line)).toThrow(because);
  });

  test("names the variable when that is what is wrong", () => {
    expect(() => read("serve", { SEXTANT_LOG: "xml" })).toThrow('SEXTANT_LOG: "xml" is none of text, json');
  });
});
