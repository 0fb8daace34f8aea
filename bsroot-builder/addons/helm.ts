/** Renders a chart with the real helm, which is started without a network, a home or a cluster to ask. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChartError, examineChart } from "./chart-archive.ts";

export interface ToRender {
  /** The archive on this disk. */
  readonly archive: string;
  readonly release: string;
  readonly namespace: string;
  /** YAML. */
  readonly values: string;
  /** Exact: "1.36.4". */
  readonly kubernetes: string;
}

/** Bytes of YAML, and milliseconds; the largest charts take a few seconds. */
const MOST_OUTPUT = 64 << 20;
const LONGEST = 120_000;

/** Answers YAML. Throws ChartError; `path`: where programs are looked for. */
export async function renderChart(
  { archive, release, namespace, values, kubernetes }: ToRender,
  path: string | undefined,
): Promise<string> {
  await examineChart(archive);
  const home = await mkdtemp(join(tmpdir(), "sextant-helm-"));
  try {
    const valuesFile = join(home, "values.yaml");
    await writeFile(valuesFile, values, { mode: 0o600 });
    const about = ["--namespace", namespace, "--kube-version", kubernetes, "--values", valuesFile];
    return await helm(["template", release, archive, ...about, "--include-crds", "--skip-tests"], home, path);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function helm(args: readonly string[], home: string, path: string | undefined): Promise<string> {
  const env = {
    PATH: path ?? "",
    HOME: home,
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
    // A chart that still wants to look something up learns at once that there is nobody to ask.
    KUBECONFIG: join(home, "none"),
    HTTP_PROXY: "http://127.0.0.1:9",
    HTTPS_PROXY: "http://127.0.0.1:9",
  };
  return new Promise((resolve, reject) => {
    execFile("helm", [...args], { env, cwd: home, maxBuffer: MOST_OUTPUT, timeout: LONGEST }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const { code, killed } = error as NodeJS.ErrnoException & { killed?: boolean };
      if (code === "ENOENT") return reject(new ChartError(NO_HELM));
      const said = stderr.trim().split("\n").slice(-5).join(" ") || error.message;
      reject(new ChartError(killed ? `helm did not come to an end within ${LONGEST / 1000} seconds` : `helm cannot render it: ${said}`));
    });
  });
}

const NO_HELM =
  "needs the program helm, version 3.6 or newer, which is not on the PATH; install it from https://get.helm.sh, or write the rendered manifests into the cluster yourself";
