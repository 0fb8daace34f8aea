/** A command that did not succeed, in the operator's words: one line for each thing that is wrong. Exit code 1. */
export class Failure extends Error {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];

  constructor(problems: readonly string[], warnings: readonly string[] = []) {
    super(problems.join("\n"));
    this.problems = problems;
    this.warnings = warnings;
  }
}
