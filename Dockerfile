# Stage 1: packages, console, compiled gateway, mediasoup-worker (official prebuilt, or built here).
FROM node:24-bookworm AS build
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends \
      g++ meson ninja-build pkg-config libssl-dev libsrtp2-dev libuv1-dev libabsl-dev libflatbuffers-dev flatbuffers-compiler \
    && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json .npmrc ./
COPY scripts scripts
COPY web web
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN node scripts/setup.mjs \
    && node_modules/.bin/tsc -p tsconfig.build.json \
    && rm -rf node_modules/mediasoup/worker/prebuild \
    && npm prune --omit=dev --omit=optional --no-audit

# Stage 2: what runs.
FROM node:24-bookworm-slim
# Libraries of a locally built worker; the official prebuilt needs none of them.
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 libsrtp2-1 libuv1 libabsl20220623 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /app --shell /usr/sbin/nologin gbrtc \
    && mkdir -p /app/data /app/record && chown gbrtc:gbrtc /app/data /app/record
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/web/dist web/dist
COPY bin bin
COPY conf conf
COPY assets assets
USER gbrtc
VOLUME /app/data /app/record
# SIP; console and API; API where SRS's players look; RTSP; pms's records, pms, rooms; WebRTC of two workers; media in
# `single` mode.
EXPOSE 5060/udp 5060/tcp 8025/tcp 1985/tcp 8554/tcp 8888/tcp 8889/tcp 8890/tcp 8000-8001/udp 8000-8001/tcp 9000/udp 9000/tcp
# One media port and two workers, so that `docker run -p` stays short. With --network host set both back.
ENV NODE_ENV=production GBRTC_MEDIA_INGEST_MODE=single GBRTC_WEBRTC_WORKERS=2
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
  CMD node -e "fetch('http://127.0.0.1:'+(process.env.GBRTC_HTTP_LISTEN||8025)+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"
# As scripts/node-flags.json has it.
ENV MALLOC_ARENA_MAX=2
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=16", "--heap-growing-percent=40", "dist/main.js"]
CMD ["--config", "conf/config.yaml"]
