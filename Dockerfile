# The bootstrapper as one container: DHCP, TFTP, DNS, HTTP and chrony. Run it with host networking.
#
#   docker build -t sextant/bootstrapper .
#   docker run -d --name bootstrapper --network host --read-only --tmpfs /tmp --cap-drop ALL --cap-add NET_BIND_SERVICE \
#     --cap-add NET_BROADCAST --cap-add NET_RAW --cap-add SETUID --cap-add SETGID --cap-add CHOWN --cap-add DAC_OVERRIDE -v /bsroot:/bsroot:ro -v /var/lib/sextant:/var/lib/sextant sextant/bootstrapper

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY cluster cluster
COPY templates templates
COPY bsroot-builder bsroot-builder
COPY bootstrapper bootstrapper
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends chrony && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
VOLUME ["/bsroot", "/var/lib/sextant"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/bootstrapper/main.js"]
CMD ["serve", "--bsroot", "/bsroot", "--state", "/var/lib/sextant"]
