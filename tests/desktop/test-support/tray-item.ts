/** A tray item as the desktop sees it: over D-Bus, without mouse and pictures. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { waitUntil } from './wait-until.ts';

const WATCHER = ['org.kde.StatusNotifierWatcher', '/StatusNotifierWatcher', 'org.kde.StatusNotifierWatcher'] as const;
const BUS = ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'] as const;
const ITEM = 'org.kde.StatusNotifierItem';
const MENU = 'com.canonical.dbusmenu';

const variant = <T extends z.ZodType>(data: T) => z.object({ data });
const textSchema = variant(z.string());
/** Icon name, pixmaps, title, description. */
const tooltipSchema = variant(z.tuple([z.string(), z.array(z.unknown()), z.string(), z.string()]));
const propertiesSchema = z.object({
  label: textSchema.optional(),
  enabled: variant(z.boolean()).optional(),
  type: textSchema.optional(),
});
const nodeSchema = z.tuple([z.number(), propertiesSchema, z.array(z.unknown())]);

export interface TrayMenuLine {
  readonly id: number;
  /** 1 at the top, 2 in a submenu. */
  readonly depth: number;
  /** `---` for a separator. */
  readonly label: string;
  readonly enabled: boolean;
}

async function bus(...args: readonly string[]): Promise<unknown> {
  const address = `--address=${process.env['DBUS_SESSION_BUS_ADDRESS'] ?? ''}`;
  // The double dash: some arguments are negative numbers.
  const { stdout } = await promisify(execFile)('busctl', [address, '--json=short', '--', ...args]);
  return stdout.trim() === '' ? null : JSON.parse(stdout);
}

export class TrayItem {
  readonly #name: string;
  readonly #object: string;

  private constructor(name: string, object: string) {
    this.#name = name;
    this.#object = object;
  }

  /** The item that a process has registered; waits for it. */
  static async ofProcess(pid: number): Promise<TrayItem> {
    const find = async (): Promise<TrayItem | null> => {
      const { data } = variant(z.array(z.string())).parse(
        await bus('get-property', ...WATCHER, 'RegisteredStatusNotifierItems'),
      );
      for (const item of data) {
        const name = item.slice(0, item.indexOf('/'));
        const owner = variant(z.tuple([z.number()])).safeParse(
          await bus('call', ...BUS, 'GetConnectionUnixProcessID', 's', name).catch(() => null),
        );
        if (owner.success && owner.data.data[0] === pid) return new TrayItem(name, item.slice(item.indexOf('/')));
      }
      return null;
    };
    const item = await waitUntil(find, (seen) => seen !== null, `tray item of process ${String(pid)}`);
    if (item === null) throw new Error('unreachable: waited for an item');
    return item;
  }

  async tooltip(): Promise<string> {
    return tooltipSchema.parse(await this.#property('ToolTip')).data[2];
  }

  /** Hash of the icon's pixels. */
  async pixels(): Promise<string> {
    return createHash('sha256')
      .update(JSON.stringify(await this.#property('IconPixmap')))
      .digest('hex')
      .slice(0, 16);
  }

  async menu(): Promise<readonly TrayMenuLine[]> {
    const answer = await bus('call', this.#name, await this.#menuPath(), MENU, 'GetLayout', 'iias', '0', '-1', '0');
    const [, root] = variant(z.tuple([z.number(), z.unknown()])).parse(answer).data;
    return linesOf(root, 0);
  }

  async labels(): Promise<readonly string[]> {
    return (await this.menu()).map((line) => line.label);
  }

  /** Chooses an entry. Its id is looked up each time, since ids change when a menu is rebuilt. */
  async click(label: string): Promise<void> {
    const line = (await this.menu()).find((candidate) => candidate.label === label);
    if (line === undefined) throw new Error(`no menu entry "${label}" in ${JSON.stringify(await this.labels())}`);
    if (!line.enabled) throw new Error(`menu entry "${label}" is disabled`);
    const event = [String(line.id), 'clicked', 's', '', '0'];
    await bus('call', this.#name, await this.#menuPath(), MENU, 'Event', 'isvu', ...event);
  }

  /** A left click on the icon. */
  async activate(): Promise<void> {
    await bus('call', this.#name, this.#object, ITEM, 'Activate', 'ii', '0', '0');
  }

  async waitForTooltip(part: string): Promise<string> {
    return waitUntil(
      () => this.tooltip(),
      (seen) => seen.includes(part),
      `tooltip with "${part}"`,
    );
  }

  /** Waits for a menu with a label that matches, and gives that label back. */
  async waitForLabel(wanted: RegExp): Promise<string> {
    const labels = await waitUntil(
      () => this.labels(),
      (seen) => seen.some((label) => wanted.test(label)),
      `menu entry ${String(wanted)}`,
      30_000,
    );
    return labels.find((label) => wanted.test(label)) ?? '';
  }

  async #property(name: string): Promise<unknown> {
    return bus('get-property', this.#name, this.#object, ITEM, name);
  }

  async #menuPath(): Promise<string> {
    return textSchema.parse(await this.#property('Menu')).data;
  }
}

function linesOf(node: unknown, depth: number): readonly TrayMenuLine[] {
  const inner = z.object({ data: z.unknown() }).safeParse(node);
  const [id, properties, children] = nodeSchema.parse(inner.success ? inner.data.data : node);
  const line = {
    id,
    depth,
    // A single underscore would mark a shortcut key.
    label: properties.label?.data.replaceAll('__', '_') ?? (properties.type?.data === 'separator' ? '---' : ''),
    enabled: properties.enabled?.data ?? true,
  };
  const below = children.flatMap((child) => linesOf(child, depth + 1));
  return depth === 0 ? below : [line, ...below];
}
