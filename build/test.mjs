// npm test: every check and every test, or the ones named. Works from any Node since 14 on; see bootstrap.mjs.
import { bootstrap } from './bootstrap.mjs';

process.exitCode = await bootstrap('test-program.ts', process.argv.slice(2));
