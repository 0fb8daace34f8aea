# The bootstrapper as one container: DHCP, TFTP, DNS, HTTP, chrony and the container registry. Its builder is `bsroot-builder build`; who runs
# it is start_bootstrapper_container.sh, which lies in the bsroot. It runs as user 65532 with a read-only root and these capabilities only:
#
#   NET_BIND_SERVICE   ports below 1024: DNS 53, DHCP 67, TFTP 69, HTTP 80, NTP 123, HTTPS 443
#   NET_RAW            asking by ARP and ICMP whether an address is taken; answering machines that have no address yet, on their own wire
#
# It never sets the clock, so it has no SYS_TIME; large socket buffers need net.core.rmem_max=4194304 on the host, so it has no NET_ADMIN.

ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
ARG NPM_CONFIG_REGISTRY
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY cluster cluster
COPY templates templates
COPY bsroot-builder bsroot-builder
COPY bootstrapper bootstrapper
RUN npm run build && npm prune --omit=dev

FROM ${NODE_IMAGE}
# Nothing in it installs packages or changes its user: npm, yarn and every set-user-id bit go.
RUN apt-get update \
  && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chrony docker-registry libcap2-bin \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log /opt/yarn* /usr/local/lib/node_modules \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/yarn /usr/local/bin/yarnpkg /usr/local/bin/corepack \
  && groupadd --gid 65532 sextant \
  && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sextant \
  && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
WORKDIR /app
COPY --from=build /src/package.json /src/package-lock.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
# The bill of materials comes before the capabilities: a program that has some cannot be started where they may not be had, as here.
RUN node dist/bsroot-builder/appliance/write-bill.js /usr/share/sextant/bootstrapper.cdx.json \
  && setcap cap_net_bind_service,cap_net_raw=ep "$(readlink -f "$(command -v node)")" \
  && setcap cap_net_bind_service=ep /usr/sbin/chronyd

ARG NODE_IMAGE
ARG VERSION=0
ARG INPUTS=unknown
LABEL org.opencontainers.image.title="Sextant bootstrapper" \
  org.opencontainers.image.description="Boots, installs and watches the machines of a cluster, without internet" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${NODE_IMAGE}" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${INPUTS}"
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["node", "-e", \
  "fetch(`http://127.0.0.1:${process.env.SEXTANT_HTTP_PORT ?? 80}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/bootstrapper/main.js"]
CMD ["serve", "--bsroot", "/bsroot", "--state", "/var/lib/sextant"]
