/** What the parts of prepare-redis.mjs have in common: telling what is done, and running programs with a sign of life. */
import { spawn } from 'node:child_process';

const SIGN_OF_LIFE_MS = 10_000;
const OUTPUT_KEPT = 20_000;

/**
 * @param {{ isQuiet: boolean }} options
 * @returns {{ step(text: string): void }} prints one line for each thing that is done
 */
export function createTeller({ isQuiet }) {
  return {
    step(text) {
      if (!isQuiet) console.log(`    ${text}`);
    },
  };
}

/**
 * Runs a program to its end and gives its output. While it takes long it says so every ten seconds.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, teller?: { step(text: string): void }, label?: string }} [options]
 * @returns {Promise<string>} standard output
 * @throws Error with the last lines of what it wrote
 */
export function run(file, args, { cwd, env, teller, label } = {}) {
  return new Promise((resolve, reject) => {
    const startedAt = Date.now();
    const child = spawn(file, args, { cwd, env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let everything = '';
    const keep = (text) => {
      everything = (everything + text).slice(-OUTPUT_KEPT);
    };
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      keep(text);
    });
    child.stderr.setEncoding('utf8').on('data', keep);
    const timer = setInterval(() => {
      teller?.step(`${label ?? file}: ${Math.round((Date.now() - startedAt) / 1000)} s so far`);
    }, SIGN_OF_LIFE_MS);
    child.on('error', (error) => {
      clearInterval(timer);
      reject(error);
    });
    child.on('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve(output);
      else reject(new Error(`${file} ended with ${code}: ${everything.trim().split('\n').slice(-3).join(' / ')}`));
    });
  });
}

/** @returns {Promise<boolean>} whether a program of this name answers to `--version` */
export async function hasProgram(name) {
  try {
    await run(name, ['--version']);
    return true;
  } catch {
    return false;
  }
}
