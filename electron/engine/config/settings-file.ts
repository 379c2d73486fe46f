/**
 * The settings file. In: its path. Out: validated settings with defaults filled in. A file that cannot be understood is
 * refused with a sentence and never touched: silently falling back to defaults would record other folders than the person
 * chose. Unknown keys survive a save, and so does what a person edits while the engine runs.
 */
import { readFile } from 'node:fs/promises';
import { SETTINGS_VERSION, settingsSchema, type Settings } from '../../../shared/settings.ts';
import { writeFileAtomic } from '../core/atomic-file.ts';
import { Emitter } from '../core/emitter.ts';
import { ConfigError, systemErrorCode } from '../core/errors.ts';

/** Settings of a file; defaults when it is missing. Errors: CONFIG_INVALID, CONFIG_VERSION_TOO_NEW. */
export async function loadSettings(file: string): Promise<Settings> {
  const text = await readOrNull(file);
  return validate(file, text === null ? {} : parseJson(file, text));
}

/** The settings in use, and the way to change them. */
export class SettingsFile {
  readonly #file: string;
  readonly #changed = new Emitter<Settings>();
  #settings: Settings;
  #lastUpdate: Promise<unknown> = Promise.resolve();

  private constructor(file: string, settings: Settings) {
    this.#file = file;
    this.#settings = settings;
  }

  /** Errors: CONFIG_INVALID, CONFIG_VERSION_TOO_NEW. */
  static async open(file: string): Promise<SettingsFile> {
    return new SettingsFile(file, await loadSettings(file));
  }

  get(): Settings {
    return this.#settings;
  }

  /** Called after each saved change. */
  onChange(listener: (settings: Settings) => void): Disposable {
    return this.#changed.on(listener);
  }

  /**
   * Saves what `change` makes of the file's present content; changes are made one after the other.
   * Errors: CONFIG_INVALID (also when a person has damaged the file meanwhile; it stays as it is).
   */
  async update(change: (settings: Settings) => Settings): Promise<Settings> {
    const update = this.#lastUpdate.then(() => this.#apply(change));
    // A failed change is its caller's business; the next one starts afresh.
    this.#lastUpdate = update.catch(() => undefined);
    return update;
  }

  async #apply(change: (settings: Settings) => Settings): Promise<Settings> {
    const settings = validate(this.#file, change(await loadSettings(this.#file)));
    await writeFileAtomic(this.#file, `${JSON.stringify(settings, null, 2)}\n`);
    this.#settings = settings;
    this.#changed.emit(settings);
    return settings;
  }
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    // A folder that cannot be one is for whoever makes it to report.
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new ConfigError(
      'CONFIG_INVALID',
      `The settings file ${file} cannot be read (${code ?? 'unknown reason'}): make it readable for this account, then start again.`,
      { cause: error },
    );
  }
}

function parseJson(file: string, text: string): unknown {
  // Editors on Windows put a byte order mark in front, which JSON.parse refuses.
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch (error) {
    const { line, column } = placeOf(json, error);
    throw new ConfigError(
      'CONFIG_INVALID',
      `The settings file ${file} is not valid JSON at line ${String(line)}, column ${String(column)}: ` +
        'correct it there, or move the file away to start with the usual settings. It was left as it is.',
      { cause: error, context: { file, line, column } },
    );
  }
}

/** V8 names the offset except when the text just ends. */
function placeOf(json: string, error: unknown): { readonly line: number; readonly column: number } {
  const offset = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
  const before = json.slice(0, offset === undefined ? json.length : Number(offset)).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

function validate(file: string, content: unknown): Settings {
  const version: unknown =
    typeof content === 'object' && content !== null && 'version' in content ? content.version : undefined;
  if (typeof version === 'number' && version > SETTINGS_VERSION) {
    throw new ConfigError(
      'CONFIG_VERSION_TOO_NEW',
      `The settings file ${file} was written by a newer Holdfast (version ${String(version)}, known here: ` +
        `${String(SETTINGS_VERSION)}): install that Holdfast again, or move the file away. It was left as it is.`,
      { context: { file, version } },
    );
  }
  const result = settingsSchema.safeParse(content);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? 'the file as a whole' : issue.path.join('.');
  throw new ConfigError(
    'CONFIG_INVALID',
    `The settings file ${file} holds a value that cannot be used for ${field} (${issue?.message ?? 'invalid'}): ` +
      'correct or remove it, then start again. It was left as it is.',
    { context: { file, field } },
  );
}
