# xdr-pulse as an image: built from the lock file, production packages only, not root, works with
# a read-only root (`--read-only --tmpfs /tmp`), its state in /data.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
# The image has its own Node.js: the one that npm would bring for old machines stays out.
ENV NPM_CONFIG_AUDIT=false NPM_CONFIG_FUND=false NPM_CONFIG_UPDATE_NOTIFIER=false
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts && rm -rf node_modules/node-linux-*
COPY tsconfig.json tsconfig.build.json ./
COPY schema schema
COPY state state
COPY consumers consumers
COPY src src
RUN npm run build \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/node-linux-* node_modules/.bin

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production XDG_CACHE_HOME=/tmp
# Volumes take over the owner of the folders they are mounted on.
RUN install -d -o node -g node /data /sample /run/secrets/xdr-pulse /run/secrets/metrics \
  && ln -s /app/dist/src/cli.js /usr/local/bin/xdr-pulse
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY LICENSE ./
COPY schema schema
# The last layer: another revision of the same source rebuilds nothing.
ARG REVISION=unknown
ENV XDR_PULSE_REVISION=$REVISION
USER node
VOLUME /data
EXPOSE 8480
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=2s --retries=3 \
  CMD ["node", "--eval", "const { XDR_PULSE_PORT: port = 8480, XDR_PULSE_HTTP_TLS_CERT: cert } = process.env; process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch(`http${cert ? 's' : ''}://127.0.0.1:${port}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["xdr-pulse"]
CMD ["--help"]
