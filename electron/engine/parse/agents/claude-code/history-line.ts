import type { HistoryPrompt } from '../../../../../shared/record.ts';
import { isJsonObject, numberField, objectField, stringField, wordField, type JsonObject } from './json-object.ts';

/** Commands that the client carries out by itself: no transcript ever holds them as a prompt. */
const OWN_COMMANDS: ReadonlySet<string> = new Set(
  (
    'add-dir agents background bashes branch btw bug chrome clear color compact config context continue copy cost desktop ' +
    'diff doctor effort exit export extra-usage fast feedback fork help hooks ide install-github-app install-slack-app ' +
    'keybindings login logout mcp memory mobile model output-style passes permissions plan plugin plugins privacy-settings quit ' +
    'release-notes reload-plugins remote-control remote-env rename resume rewind sandbox settings skills stats status ' +
    'stickers tasks teleport terminal-setup theme todos upgrade usage vim voice'
  ).split(' '),
);

const PASTE_MARK = /\[(?:Pasted text|\.\.\.Truncated text) #(\d+)[^\]\n]{0,60}\]/gu;

/**
 * Reads a line of `history.jsonl`: `{display, pastedContents, timestamp, project, sessionId?}`.
 * @returns null for what is no prompt to the agent, so that nobody looks for it in a transcript
 */
export function readHistoryLine(fields: JsonObject): HistoryPrompt | null {
  const display = stringField(fields, 'display');
  if (display === null || display.trim() === '' || isOwnCommand(display)) return null;
  return {
    text: withPastes(display, objectField(fields, 'pastedContents')),
    at: numberField(fields, 'timestamp'),
    project: wordField(fields, 'project'),
    sessionId: wordField(fields, 'sessionId'),
  };
}

function isOwnCommand(display: string): boolean {
  const command = /^\/([\w-]+)/u.exec(display.trim())?.[1];
  return command !== undefined && OWN_COMMANDS.has(command);
}

/** Puts pasted text back where the history holds a mark. Large pastes lie in another folder: their mark stays. */
function withPastes(display: string, pastes: JsonObject | null): string {
  if (pastes === null) return display;
  return display.replace(PASTE_MARK, (mark, number: string) => {
    const paste = Object.hasOwn(pastes, number) ? pastes[number] : undefined;
    return isJsonObject(paste) ? (stringField(paste, 'content') ?? mark) : mark;
  });
}
