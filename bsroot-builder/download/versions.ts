/** Looks up what "current" means where the lock does not know it yet, and pins the answers. */
import type { Question } from "../versions.ts";
import type { Delivery } from "./delivery.ts";
import { describe, messageOf } from "./error.ts";

/**
 * `questions`: all that there are when so much is known. Answers what could not be found out, with the URL. Versions that nobody asks for leave the
 * lock.
 */
export async function lookUp(
  questions: (known: Readonly<Record<string, string>>) => readonly Question[],
  delivery: Delivery,
): Promise<readonly string[]> {
  for (let asked = -1; ; ) {
    const now = questions(delivery.lock.value.versions);
    if (now.length === asked) return [];
    const failures = await answerAll(now, delivery);
    if (failures.length > 0) return failures;
    asked = now.length;
  }
}

async function answerAll(questions: readonly Question[], delivery: Delivery): Promise<readonly string[]> {
  const { lock, progress } = delivery;
  const known = lock.value.versions;
  const failures: string[] = [];
  const answers = await Promise.all(
    questions.map(async ({ key, query }): Promise<[string, string][]> => {
      const pinned = Object.hasOwn(known, key) ? known[key] : undefined;
      if (pinned !== undefined) return [[key, pinned]];
      try {
        const version = query.read(await textOf(query.url, delivery));
        progress.say(`${key}: is ${version}`);
        return [[key, version]];
      } catch (error) {
        failures.push(describe(key, delivery.site.locate(query.url), query.url, `${messageOf(error)}${wayOut(query)}`));
        return [];
      }
    }),
  );
  if (failures.length === 0) await lock.setVersions(Object.fromEntries(answers.flat()));
  return failures.sort();
}

const wayOut = ({ wayOut: instead }: Question["query"]): string => (instead === undefined ? "" : `; or ${instead}`);

const textOf = async (url: string, { site, small }: Delivery): Promise<string> =>
  new TextDecoder().decode(await small.get(site.locate(url)));
