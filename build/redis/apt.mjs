/**
 * Asks Debian's apt without root: lists and archives are kept in a folder of ours, the system's own are not touched.
 * What the system trusts (sources, keys) is what is used.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './steps.mjs';

const SOURCES = '/etc/apt';

/**
 * @param {string} work an empty folder
 * @param {{ sources: boolean, teller: { step(text: string): void } }} options `sources`: for source packages
 */
export async function openApt(work, { sources, teller }) {
  const options = [
    '-q',
    '-o',
    `Dir::State::lists=${path.join(work, 'lists')}`,
    '-o',
    `Dir::Cache=${path.join(work, 'cache')}`,
  ];
  mkdirSync(path.join(work, 'lists', 'partial'), { recursive: true });
  mkdirSync(path.join(work, 'cache', 'archives', 'partial'), { recursive: true });
  // As root apt would download as a user of its own, which may not write into a private folder.
  if (process.getuid?.() === 0) options.push('-o', 'APT::Sandbox::User=root');
  if (sources) {
    const twins = path.join(work, 'sources');
    writeSourceTwins(twins);
    options.push('-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${twins}`);
  }
  const apt = (program, args) => run(program, [...options, ...args], { cwd: work, teller, label: program });
  try {
    await apt('apt-get', ['update']);
  } catch (error) {
    // One source of many may be out of reach; whether the rest is enough shows at the download.
    teller.step(`some package lists could not be had (${error.message.slice(0, 160)}), trying with the others`);
  }
  return apt;
}

/** Everything the system installs from, as source packages, in either notation. */
function writeSourceTwins(directory) {
  mkdirSync(directory, { recursive: true });
  for (const file of sourceFiles()) {
    const text = readFileSync(file, 'utf8');
    const name = path.basename(file);
    const twin = name.endsWith('.sources')
      ? text.replace(/^#.*\n/gm, '').replace(/^Types:.*$/gm, 'Types: deb-src')
      : [...text.matchAll(/^deb (.*)$/gm)].map(([, rest]) => `deb-src ${rest}\n`).join('');
    if (twin.trim() !== '') writeFileSync(path.join(directory, name), twin);
  }
}

function sourceFiles() {
  const parts = path.join(SOURCES, 'sources.list.d');
  const inParts = listed(parts).filter((name) => /\.(sources|list)$/.test(name));
  const main = listed(SOURCES).includes('sources.list') ? [path.join(SOURCES, 'sources.list')] : [];
  return [...main, ...inParts.map((name) => path.join(parts, name))];
}

function listed(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
