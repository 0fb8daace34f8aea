/** Everything ever found, and some thousands of changes to it, always the same ones. `make fuzz` looks further. */
import { expect, test } from "vitest";
import { below, chanceFrom } from "../support/chance.ts";
import { readCorpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { targets } from "./targets.ts";

const ROUNDS = 3000;
/** Milliseconds for one input, with all that others do on this host meanwhile. */
const PATIENCE = 2000;

test.each(targets)("$name holds for what was found before, and for bytes near it", (target) => {
  const known = [...target.seeds(), ...readCorpus(target.name)].filter(({ length }) => length > 0);
  const chance = chanceFrom(7);
  let slowest = 0;
  const look = (bytes: Uint8Array): void => {
    const begun = performance.now();
    try {
      target.check(Uint8Array.from(bytes));
    } catch (error) {
      throw new Error(`${(error as Error).message} (bytes: ${Buffer.from(bytes).toString("hex")})`, { cause: error });
    }
    slowest = Math.max(slowest, performance.now() - begun);
  };
  for (const bytes of [new Uint8Array(), ...known]) look(bytes);
  for (let round = 0; round < (target.name === "description" ? ROUNDS / 20 : ROUNDS); round++)
    look(mutated(known[below(known.length, chance)]!, chance, known));
  expect(slowest).toBeLessThan(PATIENCE);
});
