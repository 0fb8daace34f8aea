/** What the add-ons' manifests are made of: the fetched files as texts, and charts as what helm makes of them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Cluster } from "../../cluster/cluster.ts";
import { ChartError } from "./chart-archive.ts";
import { addOnsOf, archiveOf, chartsOf } from "./gather.ts";
import { renderChart, type ToRender } from "./helm.ts";
import { AddOnError } from "./prepare.ts";

interface Wanted extends Omit<ToRender, "archive" | "kubernetes"> {
  readonly who: string;
  /** In the bsroot. */
  readonly archive: string;
}

/** By the paths of the artifacts, which lie in `root`. Throws AddOnError naming every chart that cannot be rendered. */
export async function readFetched(root: string, cluster: Cluster, path: string | undefined): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const charts = [
    ...chartsOfAddOns(cluster),
    ...chartsOf(cluster).map((chart) => ({ ...chart, who: `chart ${chart.name}`, release: chart.name, archive: archiveOf(chart) })),
  ];
  const archives = new Set(charts.map(({ archive }) => archive));
  for (const { addOn, context } of addOnsOf(cluster)) {
    for (const artifact of addOn.artifacts?.(context) ?? []) {
      if (!archives.has(artifact.path)) texts.set(artifact.path, await readFile(join(root, artifact.path), "utf8"));
    }
  }
  const failures: string[] = [];
  for (const { who, archive, ...chart } of charts) {
    try {
      texts.set(archive, await renderChart({ ...chart, archive: join(root, archive), kubernetes: cluster.kubernetes.version! }, path));
    } catch (error) {
      if (!(error instanceof ChartError)) throw error;
      failures.push(`${who}: ${archive} ${error.message}`);
    }
  }
  if (failures.length > 0) throw new AddOnError(failures.join("\n"));
  return texts;
}

const chartsOfAddOns = (cluster: Cluster): readonly Wanted[] =>
  addOnsOf(cluster).flatMap(({ addOn, context }) => {
    const chart = addOn.chart?.(context);
    return chart ? [{ ...chart, who: addOn.name, values: stringify(chart.values, { version: "1.1" }) }] : [];
  });
