import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type ProxyOptions } from 'vite';

/** Where a running gateway is while the console is developed with `npm run dev:web`. */
const GATEWAY = process.env.GBRTC_GATEWAY ?? 'http://127.0.0.1:8025';

/** Of the WebSockets with which vite tells its own pages of changes. */
const OF_VITE = /^vite-/;

const paths = ['/api', '/rtc', '/srs-sip'].map((path) => [path, { target: GATEWAY }] as const);
/** Every other WebSocket is the gateway's, whose configuration names their paths. */
const webSockets: ProxyOptions = {
  target: GATEWAY,
  ws: true,
  bypass: ({ url, headers }, response) =>
    response !== undefined || OF_VITE.test(headers['sec-websocket-protocol'] ?? '') ? url : undefined,
};

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [vue()],
  define: {
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { ...Object.fromEntries(paths), '^/': webSockets },
  },
});
