/** The command line `holdfast`: names, options and help of every command, and what becomes of their errors. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { ErrorCode } from '../../shared/error-code.ts';
import { AGENTS } from '../../shared/exchange.ts';
import { EngineError, isAbort } from '../engine/core/errors.ts';
import type { CommandContext } from './command-context.ts';
import { deadLettersChangeCommand, deadLettersListCommand } from './dead-letters-command.ts';
import type { DeadLettersChangeOptions } from './dead-letters-command.ts';
import { EXIT, EXIT_CODE_HELP, exitCodeOf } from './exit-code.ts';
import { EXPORT_FORMATS, exportCommand } from './export-command.ts';
import type { ExportOptions } from './export-command.ts';
import { healthCommand } from './health-command.ts';
import type { HealthOptions } from './health-command.ts';
import { importCommand, restoreCommand, resyncCommand, verifyCommand } from './job-commands.ts';
import type { JsonOption, RestoreOptions, ResyncOptions } from './job-commands.ts';
import { backupCommand, backupRestoreCommand, backupsCommand, rebuildCommand } from './backup-commands.ts';
import type { ConfirmedOptions } from './backup-commands.ts';
import { BrokenPipe } from './output.ts';
import { listCommand, searchCommand, showCommand } from './reading-commands.ts';
import type { ListOptions, SearchOptions, ShowOptions } from './reading-commands.ts';
import { runCommand } from './run-command.ts';
import type { RunOptions } from './run-command.ts';
import { statusCommand } from './status-command.ts';

/**
 * Runs one command line.
 * @param args without the program's own name
 * @returns exit code; see `EXIT`
 */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<number> {
  const outcome: Outcome = { code: EXIT.ok };
  try {
    await buildProgram(context, outcome).parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' });
    return outcome.code;
  } catch (error) {
    return await explain(error, args.includes('--json'), context);
  }
}

interface Outcome {
  code: number;
}

function buildProgram(context: CommandContext, outcome: Outcome): Command {
  const program = new Command('holdfast')
    .description('Records every conversation with a coding agent, and proves it.')
    .version(context.engine.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out.stream.write(text),
      // Errors of usage are printed with all others, in `explain`.
      writeErr: () => undefined,
      getOutHelpWidth: () => context.out.columns,
    })
    .addHelpText('afterAll', EXIT_CODE_HELP);
  const ending =
    <A extends readonly unknown[]>(command: (...args: A) => Promise<number>) =>
    async (...args: A): Promise<void> => {
      outcome.code = await command(...args);
    };
  addEngineCommands(program, context, ending);
  addJobCommands(program, context, ending);
  addBackupCommands(program, context, ending);
  addReadingCommands(program, context, ending);
  addDeadLetters(program, context, ending);
  return program;
}

type Ending = <A extends readonly unknown[]>(command: (...args: A) => Promise<number>) => (...args: A) => Promise<void>;

function add(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).option('--json', 'print JSON');
}

function addEngineCommands(program: Command, context: CommandContext, ending: Ending): void {
  program
    .command('run')
    .description('Record until stopped; without a display the status window is served on this machine’s own address')
    .option('--headless', 'without tray and window, even with a display')
    .option('--port <n>', 'port of the window and the API; 0 takes any free one', wholeNumber(0, 65_535))
    .option('--no-open', 'do not open a browser')
    .action(ending((options: RunOptions) => runCommand(context, options)));
  add(
    program,
    'status',
    'One screen: state, queue, last save, capture gaps (exit code 0 whether running or not)',
  ).action(ending((options: JsonOption) => statusCommand(context, options)));
  add(
    program,
    'health',
    'Check each part of the running engine: 0 healthy, 1 unhealthy, 2 misconfigured, 3 not running',
  )
    .addOption(new Option('--format <format>').choices(['text', 'json']).default('text'))
    .action(ending((options: HealthOptions) => healthCommand(context, options)));
}

function addJobCommands(program: Command, context: CommandContext, ending: Ending): void {
  add(program, 'import', 'Read all history now; exit code 1 if a file could not be read')
    .argument('[path...]', 'transcripts or folders of them; default: where the agents keep theirs')
    .action(ending((paths: readonly string[], options: JsonOption) => importCommand(context, paths, options)));
  add(program, 'resync', 'Forget what is known of the files, read them again, and end with a proof')
    .option('--session <id>', 'one session; the beginning of its id is enough')
    .option('--project <dir>', 'the sessions of one project folder')
    .option('--all', 'everything')
    .action(ending((options: ResyncOptions) => resyncCommand(context, options)));
  add(
    program,
    'verify',
    'Compare disk, archive and database; exit code 1 if anything is missing or there twice',
  ).action(ending((options: JsonOption) => verifyCommand(context, options)));
  add(program, 'restore', 'Write a transcript back, byte for byte, never over an existing different file')
    .argument('<session>', 'id of a session, or its beginning')
    .option('--to <dir>', 'write below this folder instead of where the agent kept it')
    .action(ending((session: string, options: RestoreOptions) => restoreCommand(context, session, options)));
}

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/u;

/** A day in the local time of whoever asks, in epoch ms. */
function dayStart(text: string): number {
  const [year, month, day] = (DAY.exec(text) ?? []).slice(1).map(Number);
  const date = year === undefined || month === undefined ? null : new Date(year, month - 1, day);
  if (date === null || date.getMonth() + 1 !== month) {
    throw new InvalidArgumentError('It takes a day such as 2026-03-01.');
  }
  return date.getTime();
}

/** The last moment of a day; days are longer or shorter than 24 hours when the clocks change. */
function dayEnd(text: string): number {
  const next = new Date(dayStart(text));
  next.setDate(next.getDate() + 1);
  return next.getTime() - 1;
}

function addBackupCommands(program: Command, context: CommandContext, ending: Ending): void {
  const backup = add(program, 'backup', 'Copy the database now, and read the copy through').action(
    ending((options: JsonOption) => backupCommand(context, options)),
  );
  add(backup, 'restore', 'Put a backup in the place of the database, and read again what came after it')
    .argument('<name>', 'as "holdfast backups" prints it')
    .option('--yes', 'do not ask')
    .action(
      ending((name: string, _options: ConfirmedOptions, command: Command) =>
        backupRestoreCommand(context, name, command.optsWithGlobals()),
      ),
    );
  add(program, 'backups', 'List the copies of the database, newest first').action(
    ending((options: JsonOption) => backupsCommand(context, options)),
  );
  add(program, 'rebuild', 'Make the database anew from the archive; the present one is kept')
    .option('--yes', 'do not ask')
    .action(ending((options: ConfirmedOptions) => rebuildCommand(context, options)));
}

function addReadingCommands(program: Command, context: CommandContext, ending: Ending): void {
  add(program, 'search', 'Find words in prompts and answers, newest first')
    .argument('<query...>', 'words that all have to occur; "a phrase", begin*, -unwanted')
    .addOption(limitOption(20, 500))
    .option('--rank', 'the best of the newest hits first, instead of the newest')
    .addOption(new Option('--agent <agent>', 'only conversations with this agent').choices([...AGENTS]))
    .option('--project <dir>', 'only those of this project folder')
    .addOption(new Option('--since <day>', 'only from this day on, e.g. 2026-03-01').argParser(dayStart))
    .addOption(new Option('--until <day>', 'only up to this day').argParser(dayEnd))
    .addOption(new Option('--role <role>', 'only in prompts, or only in answers').choices(['prompt', 'answer']))
    .option('--tool <name>', 'only where this tool was used')
    .option('--code', 'only with code in prompt or answer')
    .action(ending((words: readonly string[], options: SearchOptions) => searchCommand(context, words, options)));
  add(program, 'list', 'List sessions, newest first')
    .addOption(limitOption(100, 10_000))
    .option('--project <dir>', 'only those of this project folder')
    .action(ending((options: ListOptions) => listCommand(context, options)));
  add(program, 'show', 'Read a session')
    .argument('<session>', 'id of a session, or its beginning')
    .option('--full', 'unfold tools and thinking')
    .action(ending((session: string, options: ShowOptions) => showCommand(context, session, options)));
  add(program, 'export', 'Take conversations out: as data, or as documents for people')
    .argument('[session]', 'id of a session, or its beginning')
    .option('--all', 'everything')
    .option('--project <dir>', 'everything of this project folder')
    .addOption(
      new Option('--format <format>', 'jsonl (one exchange a line; default), json, md, or html').choices([
        ...EXPORT_FORMATS,
      ]),
    )
    .option('--output <path>', 'write a file; for many documents a folder, or a file.zip')
    .addOption(detailOption('--tools <how>', 'tools in documents'))
    .addOption(detailOption('--thinking <how>', 'thinking in documents'))
    .option('--force', 'replace what is there')
    .action(ending((session: string | undefined, options: ExportOptions) => exportCommand(context, session, options)));
}

function detailOption(flags: string, what: string): Option {
  return new Option(flags, `${what}: folded, full or none`).choices(['folded', 'full', 'none']).default('folded');
}

function addDeadLetters(program: Command, context: CommandContext, ending: Ending): void {
  const letters = program
    .command('dead-letters')
    .description('What could not be parsed: list it, try it again, set it aside');
  letters
    .command('list', { isDefault: true })
    .description('List them')
    .option('--json', 'print JSON')
    .addOption(limitOption(100, 1000))
    .action(ending((options: SearchOptions) => deadLettersListCommand(context, options)));
  const changes = { retry: 'Try again', discard: 'Set aside for good; the bytes stay in the archive' } as const;
  for (const verb of ['retry', 'discard'] as const) {
    add(letters, verb, changes[verb])
      .argument('[id]', 'id of a dead letter', wholeNumber(1, Number.MAX_SAFE_INTEGER))
      .option('--all', 'all of them')
      .action(
        ending((id: number | undefined, options: DeadLettersChangeOptions) =>
          deadLettersChangeCommand(context, verb, id, options),
        ),
      );
  }
}

function limitOption(usual: number, most: number): Option {
  return new Option('--limit <n>', 'at most this many').argParser(wholeNumber(1, most)).default(usual);
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${String(least)} to ${String(most)}.`);
  };
}

async function explain(error: unknown, asJson: boolean, context: CommandContext): Promise<number> {
  if (error instanceof BrokenPipe) return EXIT.ok;
  if (isAbort(error)) return EXIT.interrupted;
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const { code, message, exitCode } = problemOf(error);
  try {
    if (asJson) await context.out.json({ error: { code, message } });
    await context.err.line(`holdfast: ${message}`);
  } catch (writing) {
    if (!(writing instanceof BrokenPipe)) throw writing;
  }
  return exitCode;
}

interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly exitCode: number;
}

function problemOf(error: unknown): Problem {
  if (error instanceof EngineError) {
    return { code: error.code, message: error.message, exitCode: exitCodeOf(error.code) };
  }
  if (error instanceof CommanderError) {
    return { code: 'IPC_BAD_ARGUMENT', message: sentence(error.message), exitCode: EXIT.misconfigured };
  }
  // A bug: everything there is about it, for whoever reports it.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'INTERNAL', message: text, exitCode: EXIT.failed };
}

function sentence(message: string): string {
  return message.replace(/^error: /, '').replace(/^./, (letter) => letter.toUpperCase());
}
