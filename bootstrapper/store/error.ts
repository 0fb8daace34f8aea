/** State that cannot be kept or read: says which file, what is wrong with it and what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
