// Second half of bootstrap.mjs, in the Node that it chose.
import { runHere } from './bootstrap.mjs';

const [program, ...args] = process.argv.slice(2);
process.exitCode = await runHere(program, args);
