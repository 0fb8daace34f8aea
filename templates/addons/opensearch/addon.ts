/** opensearch: the logs of all pods in one place, gathered by Fluent Bit. */
import type { AddOn } from "../../../cluster/extension.ts";
import { written } from "../written.ts";

export const opensearch: AddOn = {
  name: "opensearch",
  manifests({ settings }) {
    const { heap = "", storage } = settings;
    const data = { name: "data" };
    const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } };
    return written("opensearch/opensearch", {
      image: `docker.io/opensearchproject/opensearch:${settings["version"]}`,
      fluentBitImage: `docker.io/fluent/fluent-bit:${settings["fluentBit"]}`,
      java: `-Xms${heap} -Xmx${heap}`,
      // Java takes about as much again beside its heap.
      memory: `${2 * Number.parseInt(heap, 10)}${heap.endsWith("g") ? "Gi" : "Mi"}`,
      volumes: storage ? [] : [{ ...data, emptyDir: {} }],
      claims: storage ? [{ metadata: data, spec: claim }] : [],
      fluentBit: FLUENT_BIT,
    });
  },
  secrets: (_, find) => [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "opensearch-admin", namespace: "logging" },
      type: "Opaque",
      // OpenSearch refuses a password without a letter of each case, a digit and another character.
      stringData: { password: `Aa1-${find.password("admin-password")}` },
    },
  ],
};

/** Whoever answers inside the cluster has a certificate that OpenSearch made itself, so it is not looked at. */
const FLUENT_BIT = `[SERVICE]
    Flush           5
    Log_Level       info
    Parsers_File    /fluent-bit/etc/parsers.conf
    HTTP_Server     On
    HTTP_Listen     0.0.0.0
    HTTP_Port       2020
    Health_Check    On

[INPUT]
    Name              tail
    Tag               kube.*
    Path              /var/log/containers/*.log
    multiline.parser  docker, cri
    DB                /var/lib/fluent-bit/tail.db
    Mem_Buf_Limit     32MB
    Skip_Long_Lines   On

[FILTER]
    Name                kubernetes
    Match               kube.*
    Merge_Log           On
    Keep_Log            Off
    K8S-Logging.Parser  On
    K8S-Logging.Exclude On

[OUTPUT]
    Name                opensearch
    Match               kube.*
    Host                opensearch.logging.svc
    Port                9200
    HTTP_User           admin
    HTTP_Passwd         \${OPENSEARCH_PASSWORD}
    tls                 On
    tls.verify          Off
    Logstash_Format     On
    Logstash_Prefix     pods
    Replace_Dots        On
    Suppress_Type_Name  On
    Retry_Limit         10
`;
