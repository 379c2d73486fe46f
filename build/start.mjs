// npm start: install, prepare Redis, build, start. Works from any Node since 14 on; see bootstrap.mjs.
import { bootstrap } from './bootstrap.mjs';

process.exitCode = await bootstrap('start-program.ts', process.argv.slice(2));
