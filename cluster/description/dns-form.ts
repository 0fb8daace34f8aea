/** What the DNS server knows and does beside the machines' names, as the recommended form writes it. */
import { TSIG_ALGORITHMS } from "../cluster.ts";
import { RECORD_EXAMPLE, zoneLine } from "./dns-record.ts";
import { block, fewOf, list, names, word } from "./fields.ts";
import * as values from "./values.ts";
import { address, dnsLabel } from "./words.ts";

const forward = block(
  {
    zone: word(values.zoneName, "corp.example.com").describe("The zone: questions about it and all below it."),
    servers: list(address, "a list, as in [192.0.2.53]")
      .min(1, "is empty; write at least one address, as in [192.0.2.53]")
      .describe("The DNS servers they go to."),
  },
  "zone: and servers:",
  { domain: "zone", server: "servers" },
);

const key = block(
  {
    name: word(values.zoneName, "externaldns").describe("The key's name, as both sides know it."),
    algorithm: names(TSIG_ALGORITHMS, { sha256: "hmac-sha256", sha384: "hmac-sha384", sha512: "hmac-sha512", "hmac-md5": "hmac-sha256" })
      .prefault("hmac-sha256")
      .describe("How messages are signed."),
    may: list(names(["update", "transfer"], { axfr: "transfer", write: "update", read: "transfer" }), "a list, as in [update]")
      .min(1, "is empty, so the key could do nothing; write [update], [transfer] or both")
      .describe("update: change the zone (RFC 2136). transfer: copy it (AXFR)."),
  },
  "name: and may:",
);

export const dns = block(
  {
    records: list(word(zoneLine, RECORD_EXAMPLE), `a list of records, as in [${RECORD_EXAMPLE}]`)
      .prefault([])
      .describe("Records as a zone file has them: name, TTL if not 300, type (A AAAA CNAME NS PTR SRV TXT), data."),
    forward: fewOf(forward, "a list, each with zone: and servers:")
      .prefault([])
      .describe("Zones that are asked of their own DNS servers instead of network.upstream."),
    keys: fewOf(key, "a list of keys, each with name: and may:")
      .prefault([])
      .describe("TSIG keys of those who may change or copy the zone; the builder makes the secrets."),
    api: dnsLabel("api").prefault("api").describe("<api>.<domain> is every control plane."),
    ingress: dnsLabel("apps").prefault("apps").describe("*.<ingress>.<domain> is every ingress node, or every worker if there is none."),
  },
  "records: and keys:",
  { record: "records", forwards: "forward", forwarders: "forward", key: "keys", tsig: "keys", upstream: "it below network:" },
);
