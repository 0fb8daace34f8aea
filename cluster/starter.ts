/** The description that `bsroot-builder init` writes. Its placeholders are refused until they are replaced, each with a word on how. */
export const starter = `# cluster-desc.yml: what this rack is to become.
# Check it with    bsroot-builder check cluster-desc.yml
# and make bsroot  bsroot-builder build cluster-desc.yml

cluster: demo
domain: demo.lan # machines are cp-1.demo.lan and so on

network:
  subnet: 10.77.0.0/24
  bootstrapper: 10.77.0.1 # the server's own static address
  routers: [10.77.0.254]
  range: 10.77.0.100-10.77.0.199 # for machines without an address of their own
  # upstream: [9.9.9.9] # DNS servers for names outside the cluster
  # lease: 12h
  # dhcp: proxy # when the site has a DHCP server that must stay
  # interfaces: [eth1] # where DHCP is served, if not where the address above is
  # options: { domain-search: [demo.lan], 150: 10.77.0.9 } # DHCP options, by name or code
  # subnets: [{ subnet: 10.78.0.0/24, routers: [10.78.0.254] }] # more networks, behind relays

dns:
  api: api # api.demo.lan is every control plane
  # records: [www A 10.77.0.50, "*.web CNAME www"] # as in a zone file
  # keys: [{ name: externaldns, may: [update] }] # who may write names (RFC 2136)

os: { target: flatcar, channel: stable, version: current } # current is pinned in sextant.lock
# kubernetes: { version: 1.36 } # its newest patch, pinned too; carried along with the images it needs

sshKeys: # who may log in to the nodes: the line of ~/.ssh/id_ed25519.pub
  - ssh-ed25519 REPLACE-ME you@laptop

# Which disk may be overwritten: the smallest that is blank and has 20 GB.
disk: { minSize: 20G, pick: smallest }

machines: # a machine's MAC address is on its label and on its network boot screen
  - { mac: "XX:XX:XX:XX:XX:01", name: cp-1, address: 10.77.0.11, roles: [control-plane] }
  - { mac: "XX:XX:XX:XX:XX:02", name: worker-1, address: 10.77.0.12 }
  - { mac: "XX:XX:XX:XX:XX:03", name: worker-2, address: 10.77.0.13 }
`;
