import type { ExchangePart } from '../../../../../shared/exchange.ts';
import { objectsField, stringField, type JsonObject } from '../claude-code/json-object.ts';
import type { Form } from './turn-state.ts';

type Notice = Extract<ExchangePart, { kind: 'notice' }>['notice'];

/** What a line means for the conversation; keys and places are given elsewhere. */
export type Reading =
  /** Words of a person, or of the agent that started this one. */
  | { readonly kind: 'prompt'; readonly text: string; readonly form: Form }
  | {
      readonly kind: 'words';
      readonly words: 'text' | 'thinking';
      readonly texts: readonly string[];
      readonly messageId: string | null;
      readonly form: Form;
      /** More of the turn follows for certain. */
      readonly isInterim: boolean;
    }
  | { readonly kind: 'tool'; readonly name: string; readonly summary: string; readonly useId: string | null }
  | { readonly kind: 'tool-result'; readonly useId: string | null; readonly isError: boolean }
  | {
      readonly kind: 'notice';
      readonly notice: Notice;
      readonly text: string;
      readonly signal: 'interrupted' | 'failed' | null;
    }
  /** The turn is over. */
  | { readonly kind: 'end' }
  | { readonly kind: 'nothing' };

export const NOTHING: Reading = { kind: 'nothing' };

export function promptReading(text: string, form: Form): Reading {
  return text.trim() === '' ? NOTHING : { kind: 'prompt', text, form };
}

export function wordsReading(
  words: 'text' | 'thinking',
  texts: readonly string[],
  options: { readonly form: Form; readonly messageId?: string | null; readonly isInterim?: boolean },
): Reading {
  const said = texts.filter((text) => text !== '');
  const { form, messageId = null, isInterim = false } = options;
  return said.length === 0 ? NOTHING : { kind: 'words', words, texts: said, messageId, form, isInterim };
}

export function noticeReading(notice: Notice, text: string, signal: 'interrupted' | 'failed' | null = null): Reading {
  return text.trim() === '' && signal === null ? NOTHING : { kind: 'notice', notice, text, signal };
}

/** Texts of the blocks of a content that are of one of the types, in any case of letters. */
export function textsOf(container: JsonObject, name: string, types: readonly string[]): readonly string[] {
  return (objectsField(container, name) ?? [])
    .filter((block) => types.includes((stringField(block, 'type') ?? '').toLowerCase()))
    .map((block) => stringField(block, 'text') ?? '');
}
