/** What the entries of the tray menu do. Everything goes through the engine's handlers, as from the window. */
import type { HealthReport, StatusSnapshot } from '../../shared/status.ts';
import type { Engine } from '../engine/contract.ts';
import { assertNever, describeError, toEnvelope } from '../engine/core/errors.ts';
import type { Logger } from '../engine/core/logger.ts';
import type { People } from './people.ts';
import type { TrayCommand } from './tray-view.ts';
import type { ConversationPlace } from './window.ts';

export interface TrayCommandsOptions {
  readonly handlers: Engine['handlers'];
  readonly window: { show(place?: ConversationPlace | null): Promise<void> };
  readonly people: People;
  /** The newest snapshot; null before the first one. */
  readonly snapshot: () => StatusSnapshot | null;
  readonly quit: () => void;
  readonly logger: Logger;
}

export class TrayCommands {
  readonly #options: TrayCommandsOptions;

  constructor(options: TrayCommandsOptions) {
    this.#options = options;
  }

  /** Runs a command to its end. Never rejects: who clicked is told what went wrong. */
  async run(command: TrayCommand): Promise<void> {
    try {
      await this.#run(command);
    } catch (error) {
      this.#options.logger.warn('menu command failed', { command: command.kind, error: describeError(error) });
      this.#options.people.tell('Holdfast', toEnvelope(error).message);
    }
  }

  async #run(command: TrayCommand): Promise<void> {
    const { handlers, window } = this.#options;
    switch (command.kind) {
      case 'open-status':
        return window.show();
      case 'open-conversation':
        return window.show({ session: command.session, exchange: command.exchange });
      case 'resync':
        await handlers['jobs.start']({ kind: 'resync', session: null, project: null });
        return;
      case 'pause':
        await handlers['recording.pause']({ minutes: command.minutes });
        return;
      case 'resume':
        await handlers['recording.resume']({});
        return;
      case 'open-data-folder':
        return this.#openDataFolder();
      case 'check-health':
        return this.#checkHealth();
      case 'quit':
        return this.#quit();
      default:
        return assertNever(command);
    }
  }

  async #openDataFolder(): Promise<void> {
    const { handlers, people } = this.#options;
    const { opened } = await handlers['data.openFolder']({});
    if (!opened) people.tell('Holdfast', 'The data folder could not be opened: no file manager took it.');
  }

  async #checkHealth(): Promise<void> {
    const report = await this.#options.handlers['health.get']({});
    await this.#options.people.answer('Health of Holdfast', healthSentence(report), healthDetails(report));
  }

  async #quit(): Promise<void> {
    const { snapshot, people, quit } = this.#options;
    const question = quitQuestion(snapshot());
    if (question === null || (await people.confirm(question, 'Quit', 'Keep running'))) quit();
  }
}

export function healthSentence(report: HealthReport): string {
  const troubled = report.checks.filter((check) => check.status !== 'pass').length;
  const all = report.checks.length;
  switch (report.status) {
    case 'healthy':
      return `Healthy: ${String(all)} of ${String(all)} checks passed.`;
    case 'degraded':
      return `Degraded: ${String(troubled)} of ${String(all)} checks need a look. Recording goes on.`;
    case 'unhealthy':
      return `Unhealthy: ${String(troubled)} of ${String(all)} checks did not pass.`;
  }
}

/** One line for each check, those first that did not pass. */
function healthDetails(report: HealthReport): string {
  const order = { fail: 0, warn: 1, pass: 2 };
  return report.checks
    .toSorted((left, right) => order[left.status] - order[right.status])
    .map((check) => `${check.status.toUpperCase()}  ${check.name}: ${check.reason}`)
    .join('\n');
}

/** What is asked before the program ends; null when nothing is waiting. "Safe" only if it was checked. */
export function quitQuestion(snapshot: StatusSnapshot | null): string | null {
  const depth = snapshot?.queue.depth ?? 0;
  if (snapshot === null || depth === 0) return null;
  const messages = depth === 1 ? '1 message is' : `${String(depth)} messages are`;
  return snapshot.safety.archiveCurrent
    ? `${messages} safe in the queue and will be saved next time. Quit?`
    : `${messages} waiting, and some changes are not archived yet: they are read from the transcripts next time. Quit?`;
}
