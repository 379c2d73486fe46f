#!/usr/bin/env node
/**
 * Draws every tray icon from one SVG function into `resources/tray/`, where the result is committed, so that a build needs
 * neither this script nor its packages. To draw them again, install `@resvg/resvg-js@2.6.2` and `png-to-ico@3.0.2` in a
 * folder outside the clone and name it:
 *
 *   node build/tray-icons.mjs FOLDER_WITH_NODE_MODULES [OUT_DIR]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const STATES = ['ok', 'busy', 'warn', 'error', 'paused'];
const ICO_SIZES = [16, 20, 24, 28, 32, 40, 48, 64];
const LINUX_SIZES = [22, 24, 32, 44, 48, 64];

// One 16-unit grid with edges on whole units, so that 16 px stays sharp. Every state has a silhouette of its own: on macOS
// the system recolours the image, and some people do not see the colours.
const SOLID = 'M3 1h10a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H8l-4 3v-3H3a2 2 0 0 1-2-2V3a2 2 0 0 1 2-2z';
const INNER =
  'M3.5 2h9A1.5 1.5 0 0 1 14 3.5v6a1.5 1.5 0 0 1-1.5 1.5H7.7L5 13v-2H3.5A1.5 1.5 0 0 1 2 9.5v-6A1.5 1.5 0 0 1 3.5 2z';
const HOLLOW = 'M4 2h8a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H8l-3 2.5V11H4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2z';
const LINES = 'M4 3h8v2H4zM4 7h5v2H4z';
const DOTS = 'M4 6h2v2H4zM7 6h2v2H7zM10 6h2v2h-2z';
const BARS = 'M5 4h2v5H5zM9 4h2v5H9z';
const TRIANGLE = 'M11 7l5 9H6z';
const CROSS = 'M8.2 8.2l6.6 6.6M14.8 8.2l-6.6 6.6';
/** What a badge cuts out of the bubble, so that it stands free in one colour too. */
const CUTS = {
  warn: '<path d="M11 4.6 17.6 17H4.4z" fill="#000"/>',
  error: '<rect x="6" y="6" width="12" height="12" fill="#000"/>',
};

const ON_DARK = { warn: '#ffb020', error: '#ff5a52' };
const ON_LIGHT = { warn: '#b35c00', error: '#c81e1e' };

const isOpen = (state) => state === 'busy' || state === 'paused';
const inside = (state) => (state === 'busy' ? DOTS : BARS);
const wrap = (content) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 16 16">${content}</svg>`;

/** One colour and an accent, for bars whose colour is known. */
function plain(state, foreground, accent = foreground) {
  if (isOpen(state)) {
    return wrap(
      `<path d="${HOLLOW}" fill="none" stroke="${foreground}" stroke-width="2"/><path d="${inside(state)}" fill="${foreground}"/>`,
    );
  }
  const badge = {
    warn: `<path d="${TRIANGLE}" fill="${accent}"/>`,
    error: `<path d="${CROSS}" stroke="${accent}" stroke-width="2.4" fill="none"/>`,
  };
  return wrap(
    `<mask id="m" maskUnits="userSpaceOnUse" x="0" y="0" width="16" height="16"><rect width="16" height="16" fill="#fff"/>` +
      `<path d="${LINES}" fill="#000"/>${CUTS[state] ?? ''}</mask><path d="${SOLID}" fill="${foreground}" mask="url(#m)"/>${badge[state] ?? ''}`,
  );
}

/** Light with a dark rim: a Linux program cannot ask for the colour of the panel. */
function rimmed(state, foreground, accent, rim) {
  const base = `<path d="${SOLID}" fill="${rim}"/>`;
  if (isOpen(state)) {
    return wrap(
      `${base}<path d="${HOLLOW}" fill="${rim}" stroke="${foreground}" stroke-width="1.2"/><path d="${inside(state)}" fill="${foreground}"/>`,
    );
  }
  const badge = {
    warn: `<path d="${TRIANGLE}" fill="${accent}" stroke="${rim}" stroke-width="1.8" paint-order="stroke"/>`,
    error:
      `<path d="${CROSS}" stroke="${rim}" stroke-width="4.4" fill="none"/>` +
      `<path d="${CROSS}" stroke="${accent}" stroke-width="2.4" fill="none"/>`,
  };
  return wrap(
    `${base}<path d="${INNER}" fill="${foreground}"/><path d="${LINES}" fill="${rim}"/>${badge[state] ?? ''}`,
  );
}

async function main(packages, out) {
  const require = createRequire(path.join(path.resolve(packages), 'noop.cjs'));
  const { Resvg } = require('@resvg/resvg-js');
  const { default: toIco } = await import(require.resolve('png-to-ico'));
  const png = (svg, size) => new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render().asPng();
  const save = (name, content) => writeFile(path.join(out, name), content);

  for (const folder of ['mac', 'win', 'linux', 'svg']) await mkdir(path.join(out, folder), { recursive: true });
  for (const state of STATES) {
    const black = plain(state, '#000000');
    await save(`svg/${state}.svg`, black);
    await save(`mac/${state}Template.png`, png(black, 16));
    await save(`mac/${state}Template@2x.png`, png(black, 32));
    const bars = { dark: plain(state, '#ffffff', ON_DARK[state]), light: plain(state, '#1b1b1b', ON_LIGHT[state]) };
    for (const [bar, svg] of Object.entries(bars)) {
      await save(`win/${state}-${bar}.ico`, await toIco(ICO_SIZES.map((size) => png(svg, size))));
    }
    const linux = rimmed(state, '#f2f2f2', ON_DARK[state], '#1c1f22');
    for (const size of LINUX_SIZES) await save(`linux/${state}-${size}.png`, png(linux, size));
  }
}

const [packages, out] = process.argv.slice(2);
if (packages === undefined) {
  process.stderr.write('usage: node build/tray-icons.mjs FOLDER_WITH_NODE_MODULES [OUT_DIR]\n');
  process.exit(2);
}
await main(packages, out ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'resources', 'tray'));
