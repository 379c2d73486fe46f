import type { SpawnOptions } from 'node:child_process';

export interface FoundNode {
  readonly execPath: string;
  /** `v24.21.0` */
  readonly version: string;
}

export type ChosenNode = ({ readonly kind: 'running' | 'packaged' } & FoundNode) | { readonly kind: 'none' };

export const OLDEST_NODE: string;
export const RECOMMENDED_NODE: string;
export function parseVersion(text: string): readonly [number, number, number];
export function isAtLeast(version: string, least: string): boolean;
export function isGoodNode(version: string): boolean;
export function typeScriptFlags(version: string): readonly string[];
export function packagedNodePath(root: string, platform: NodeJS.Platform, arch: string): string;
export function chooseNode(running: FoundNode, packaged: FoundNode | null): ChosenNode;
export function probePackagedNode(root: string): FoundNode | null;
export function findNode(root: string): ChosenNode;
export function tooOldMessage(version: string): string;
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number;
export function runInForeground(command: string, args: readonly string[], options?: SpawnOptions): Promise<number>;
export function endWithNpm(): void;
