import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** A gateway that runs, for `vite dev`; its own origin rules apply, so that the host stays as the browser sees it. */
const GATEWAY = process.env.INTERLOCK_URL ?? 'http://127.0.0.1:7700';

export default defineConfig({
  base: '/console/',
  plugins: [react(), tailwindcss(), compressed()],
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    manifest: true,
    sourcemap: false,
    target: 'es2023',
    // Every asset is a file of its own: the policy of the page allows no data: scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/console/api': GATEWAY, '/sign-in': GATEWAY, '/account': GATEWAY, '/approvals': GATEWAY } },
});

/** Compressed once, at build time, so that the gateway never spends its processor on it. */
function compressed(): Plugin {
  return {
    name: 'interlock-compressed',
    apply: 'build',
    closeBundle() {
      const dir = join(import.meta.dirname, 'dist', 'assets');
      for (const name of readdirSync(dir)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(join(dir, name));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(bytes, { params }));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
