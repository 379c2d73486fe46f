import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** The window. Where it is written to and for which browser is said by whoever builds it. */
export default defineConfig({
  plugins: [vue()],
  publicDir: false,
  build: {
    modulePreload: { polyfill: false },
    // The window's policy has no data: fonts, and an inlined one would be fetched by nobody else anyway.
    assetsInlineLimit: 0,
    sourcemap: true,
  },
});
