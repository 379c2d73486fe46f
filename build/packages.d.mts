export interface LockedPackages {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly optional?: boolean; readonly link?: boolean }>
  >;
}

export function packagesToInstall(lock: LockedPackages, installed: LockedPackages | null): readonly string[];
export function installArguments(platform: NodeJS.Platform, hasModules: boolean): readonly string[];
export function missingPackages(root: string): readonly string[];
export function installPackages(root: string): void;
