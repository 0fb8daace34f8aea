/** Puts one value after another into the state folder named by its argument, and says each that was promised, until it is killed. */
import { openStore } from "../../../bootstrapper/store/file-store.ts";

const store = await openStore(process.argv[2]!);
const table = store.table<number>("numbers");
const known = (await table.entries()).size;
for (let round = 0; ; round++) {
  const first = known + round * 10;
  await Promise.all(Array.from({ length: 10 }, (_, index) => table.put(String(first + index), first + index)));
  process.stdout.write(`${first + 10}\n`);
}
