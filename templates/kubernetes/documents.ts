/** Values as YAML that Kubernetes' programs read as what it was: they still follow YAML 1.1, where a bare `yes` or `0o17` is no text. */
import { stringify } from "yaml";

export const documents = (all: readonly object[]): string =>
  all.map((one) => stringify(one, { version: "1.1", lineWidth: 0 })).join("---\n");
