import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openStore } from "../../../bootstrapper/store/file-store.ts";
import { storeContract } from "../../contract/store.ts";
import { memoryStore } from "../../support/memory-store.ts";

storeContract("the store in a folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sextant-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return { open: () => openStore(folder) };
});

storeContract("the store of the tests", async () => {
  const store = memoryStore();
  return { open: async () => store };
});
