export type BuildPart = 'program' | 'window';

export const BUILD_PARTS: Readonly<Record<BuildPart, readonly string[]>>;
export function hashInputs(root: string, part: BuildPart): string;
export function isBuilt(root: string, part: BuildPart): boolean;
export function recordBuild(root: string, part: BuildPart, hash: string): void;
