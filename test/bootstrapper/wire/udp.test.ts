/** The socket of every protocol, on loopback: through the kernel's own calls, and without them. */
import { afterEach, describe, expect, test } from "vitest";
import { kernel as ours } from "../../../bootstrapper/wire/kernel.ts";
import { openUdp, type UdpError, type UdpOptions, type UdpSocket } from "../../../bootstrapper/wire/udp.ts";
import { ipv4, NOWHERE } from "../../../cluster/address.ts";
import { sendFromPortZero } from "../../support/forged-udp.ts";
import { type UdpProbe, udpProbe } from "../../support/udp-probe.ts";

const LOOPBACK = ipv4("127.0.0.1");
const open: (UdpSocket | UdpProbe)[] = [];
const probe = async (): Promise<UdpProbe> => {
  const opened = await udpProbe();
  open.push(opened);
  return opened;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((opened) => opened.close()));
});

describe.each([
  { by: "the kernel's own calls", kernel: ours },
  { by: "node:dgram alone", kernel: undefined },
])("by $by", ({ kernel }) => {
  const socket = async (handler: Parameters<typeof openUdp>[1], options: Partial<UdpOptions> = {}): Promise<UdpSocket> => {
    const opened = await openUdp({ address: LOOPBACK, port: 0, ...options }, handler, kernel);
    open.push(opened);
    return opened;
  };

  test("what arrives is handed on with its sender, who gets the answer", async () => {
    const echo = await socket(async (bytes, from) => {
      await echo.send(bytes, from);
    });
    const client = await probe();
    client.send("hello", echo.address().port);
    expect(Buffer.from((await client.next()).bytes).toString()).toBe("hello");
    expect(echo.counts()).toMatchObject({ received: 1, sent: 1, unsent: 0, troubles: 0 });
  });

  test("a handler that throws or rejects is counted and told, and the socket goes on", async () => {
    const troubles: string[] = [];
    const flaky = await socket(
      async (bytes, from) => {
        const word = Buffer.from(bytes).toString();
        if (word === "reject") throw new Error("rejected");
        await flaky.send(bytes, from);
      },
      { onTrouble: ({ message }) => troubles.push(message) },
    );
    const rude = await socket(
      () => {
        throw new Error("thrown");
      },
      { onTrouble: ({ message }) => troubles.push(message) },
    );
    const client = await probe();
    client.send("reject", flaky.address().port);
    client.send("x", rude.address().port);
    client.send("still there?", flaky.address().port);
    expect(Buffer.from((await client.next()).bytes).toString()).toBe("still there?");
    expect(troubles.sort()).toEqual(["rejected", "thrown"]);
    expect(flaky.counts().troubles + rude.counts().troubles).toBe(2);
  });

  test("a datagram from port 0 never reaches the handler", async () => {
    const heard: string[] = [];
    const listening = await socket((bytes) => {
      heard.push(Buffer.from(bytes).toString());
    });
    await sendFromPortZero(listening.address().port, "nobody can be answered there");
    const client = await probe();
    client.send("somebody", listening.address().port);
    await expect.poll(() => heard).toContain("somebody");
    expect(heard).toEqual(["somebody"]);
    expect(listening.counts().dropped).toBe(1);
  });

  test.each([
    { when: "to port 0", bytes: 1, to: { address: LOOPBACK, port: 0 } },
    { when: "of more bytes than a datagram holds", bytes: 70_000, to: { address: LOOPBACK, port: 9 } },
    { when: "to a broadcast address without permission", bytes: 1, to: { address: ipv4("127.255.255.255"), port: 9 } },
  ])("sending $when answers with the reason instead of throwing", async ({ bytes, to }) => {
    const sender = await socket(() => {});
    expect(await sender.send(new Uint8Array(bytes), to)).toBeInstanceOf(Error);
    expect(sender.counts()).toMatchObject({ sent: 0, unsent: 1 });
  });

  test("sending on a closed socket answers with the reason, and closing twice is harmless", async () => {
    const sender = await socket(() => {});
    await sender.close();
    await sender.close();
    expect(await sender.send(Uint8Array.of(1), { address: LOOPBACK, port: 9 })).toBeInstanceOf(Error);
  });

  test("an address that nobody listens at does not disturb the socket", async () => {
    const vacated = await probe();
    vacated.close();
    open.splice(open.indexOf(vacated), 1);
    const echo = await socket(async (bytes, from) => {
      await echo.send(bytes, from);
    });
    await echo.send(Uint8Array.of(1), { address: LOOPBACK, port: vacated.port });
    const client = await probe();
    client.send("hello", echo.address().port);
    expect(Buffer.from((await client.next()).bytes).toString()).toBe("hello");
  });

  test("a port that is taken is refused in words that say what to do", async () => {
    const first = await socket(() => {});
    const { port } = first.address();
    await expect(socket(() => {}, { port })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}/udp: another program has the port; find it with: ss -ulpn 'sport = :${port}'`,
    );
  });

  test("an address that is not ours is refused in words that say what to do", async () => {
    const refused = socket(() => {}, { address: ipv4("192.0.2.1") }).catch((error: UdpError) => error.message);
    expect(await refused).toContain("correct the bootstrapper's address in cluster-desc.yml");
  });

  test("two sockets share a port when both say so, and a datagram goes to the one with the closer address", async () => {
    const heard: string[] = [];
    const wide = await socket(() => void heard.push("wide"), { address: NOWHERE, reuse: true });
    await socket(() => void heard.push("ours"), { port: wide.address().port, reuse: true });
    (await probe()).send("x", wide.address().port);
    await expect.poll(() => heard).toEqual(["ours"]);
  });

  test("the kernel says how much it keeps for us", async () => {
    const small = await socket(() => {}, { receiveBuffer: 16_384 });
    expect(small.receiveBuffer()).toBe(16_384);
  });

  test("a thousand datagrams that come at once are all answered, each to its sender", async () => {
    const echo = await socket((bytes, from) => echo.post(bytes, from), { receiveBuffer: 4 << 20 });
    const clients = await Promise.all(Array.from({ length: 10 }, probe));
    for (const [index, client] of clients.entries()) {
      for (let each = 0; each < 100; each++) client.send(`${index} ${each}`, echo.address().port);
    }
    for (const [index, client] of clients.entries()) {
      const answers = new Set<string>();
      for (let each = 0; each < 100; each++) answers.add(Buffer.from((await client.next()).bytes).toString());
      expect(answers).toEqual(new Set(Array.from({ length: 100 }, (_, each) => `${index} ${each}`)));
    }
    expect(echo.counts()).toMatchObject({ received: 1000, sent: 1000, unsent: 0 });
  });

  test("a handler keeps its bytes, whatever comes after", async () => {
    const heard: Uint8Array[] = [];
    const listening = await socket((bytes) => void heard.push(bytes));
    const client = await probe();
    for (let each = 0; each < 200; each++) client.send(`datagram ${each}`, listening.address().port);
    await expect.poll(() => heard.length).toBe(200);
    expect(heard.map((bytes) => Buffer.from(bytes).toString()).sort()).toEqual(
      Array.from({ length: 200 }, (_, each) => `datagram ${each}`).sort(),
    );
  });

  test("a socket that is closed by its own handler hands on nothing more", async () => {
    const heard: string[] = [];
    const closing = await socket((bytes) => {
      heard.push(Buffer.from(bytes).toString());
      void closing.close();
    });
    const client = await probe();
    for (let each = 0; each < 50; each++) client.send("x", closing.address().port);
    await expect.poll(() => heard.length).toBe(1);
    await closing.close();
    expect(heard).toEqual(["x"]);
  });

  test("the largest datagram arrives whole", async () => {
    const echo = await socket((bytes, from) => echo.post(bytes, from));
    const client = await probe();
    client.send(Buffer.alloc(65_507, 7), echo.address().port);
    expect((await client.next()).bytes).toEqual(Buffer.alloc(65_507, 7));
  });
});

test("a socket of one interface hears that interface alone", async () => {
  expect(ours, "this system has no kernel calls").toBeDefined();
  const heard: string[] = [];
  const listening = await openUdp({ address: NOWHERE, port: 0, device: "lo" }, (bytes) => void heard.push(Buffer.from(bytes).toString()));
  open.push(listening);
  (await probe()).send("over lo", listening.address().port);
  await expect.poll(() => heard).toEqual(["over lo"]);
});

test("an interface that is not there is named", async () => {
  const refused = openUdp({ address: NOWHERE, port: 0, device: "sextant-none" }, () => {});
  await expect(refused).rejects.toThrow("there is no interface sextant-none; ip link shows their names");
});
