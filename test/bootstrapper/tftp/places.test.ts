import { expect, test } from "vitest";
import { type Guest, Places } from "../../../bootstrapper/tftp/places.ts";
import { ipv4 } from "../../../cluster/address.ts";

type State = "opening" | "silent" | "proven" | "stalled";
const stopped: string[] = [];
function guest(address: string, port: number, state: State, file = "f"): Guest {
  const stop = (because: string): void => void stopped.push(`${address}:${port} ${because}`);
  const session = { stalled: state === "stalled", stop };
  return { peer: { address: ipv4(address), port }, file, ...(state !== "opening" && { session }) };
}
/** Takes a place, and proves itself where its state says so. */
function seated(places: Places, one: Guest, state: State): Guest {
  places.take(one);
  if (state === "proven" || state === "stalled") places.prove(one);
  return one;
}
function full(state: State): Places {
  stopped.length = 0;
  const places = new Places({ all: 3, each: 2 });
  for (const last of [1, 2, 3]) seated(places, guest(`10.0.0.${last}`, 2000, state), state);
  return places;
}

test("when all places are taken, the oldest that never answered gives way", () => {
  const places = full("silent");
  expect(places.take(guest("10.0.0.4", 2000, "opening"))).toEqual({ do: "serve" });
  expect(stopped).toEqual(["10.0.0.1:2000 others needed its place"]);
});

test("those who answered keep their place, and so do those whose file is being opened", () => {
  for (const state of ["proven", "opening"] as const) {
    expect(full(state).take(guest("10.0.0.4", 2000, "opening"))).toEqual({ do: "turn-away", because: "3 transfers at one time" });
    expect(stopped).toEqual([]);
  }
});

test("one address cannot take the places of others", () => {
  const places = new Places({ all: 9, each: 2 });
  for (const port of [1, 2]) seated(places, guest("10.0.0.1", port, "proven"), "proven");
  expect(places.take(guest("10.0.0.1", 3, "opening"))).toEqual({ do: "turn-away", because: "2 transfers for one address" });
  expect(places.take(guest("10.0.0.2", 3, "opening"))).toEqual({ do: "serve" });
});

// biome-ignore format: a table
test.each([
  { when: "its file is being opened",      state: "opening" as const, file: "f", verdict: "ignore" },
  { when: "it has not answered yet",       state: "silent" as const,  file: "f", verdict: "ignore" },
  { when: "its transfer is under way",     state: "proven" as const,  file: "f", verdict: "ignore" },
  { when: "its transfer has stalled",      state: "stalled" as const, file: "f", verdict: "serve" },
  { when: "it is given another file",      state: "proven" as const,  file: "g", verdict: "serve" },
])("a port that asks for f when $when: $verdict", ({ state, file, verdict }) => {
  const places = new Places({ all: 9, each: 9 });
  stopped.length = 0;
  places.take(guest("10.0.0.1", 1, state, file));
  expect(places.take(guest("10.0.0.1", 1, "opening", "f"))).toEqual({ do: verdict });
  expect(places.take(guest("10.0.0.1", 2, "opening", "f"))).toEqual({ do: "serve" });
  expect(stopped).toEqual([]);
});

test("who leaves makes room", () => {
  const places = new Places({ all: 1, each: 1 });
  const [first, second] = [guest("10.0.0.1", 1, "proven"), guest("10.0.0.2", 1, "proven")];
  seated(places, first, "proven");
  expect(places.take(second)).toMatchObject({ do: "turn-away" });
  places.leave(first);
  expect(places.take(second)).toEqual({ do: "serve" });
  expect([places.holds(first), places.holds(second)]).toEqual([false, true]);
});
