/** Cycles, dead files and the picture for the docs. Who may import whom is said in eslint.config.js. */
const ENTRIES = [
  '^electron/(main|headless|cli|preload)\\.ts$',
  '^electron/engine/[^/]+-worker\\.ts$',
  '^renderer/(main|vite\\.config|env\\.d)\\.ts$',
  '\\.test\\.ts$',
  '/test-support/',
  '\\.d\\.ts$',
];

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that need each other are one file, or one of them needs an interface instead.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports it and it starts nothing.',
      severity: 'error',
      from: { orphan: true, pathNot: ENTRIES },
      to: {},
    },
    {
      name: 'no-unresolvable',
      comment: 'The file or package is not there.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tests-in-program',
      comment: 'Only tests import tests and their builders.',
      severity: 'error',
      from: { pathNot: ['\\.test\\.ts$', '/test-support/', '^tests/'] },
      to: { path: ['\\.test\\.ts$', '/test-support/', '^tests/'] },
    },
    {
      name: 'no-electron-in-engine',
      comment: 'The engine runs under plain Node.',
      severity: 'error',
      from: { path: '^(electron/(engine|commands)/|electron/(headless|cli)\\.ts$|shared/)' },
      to: { path: ['^electron$', 'node_modules/electron/', '^electron/shell/'] },
    },
    {
      name: 'no-engine-in-window',
      comment: 'The window talks to the engine through shared/ipc.ts only.',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: '^electron/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules/\\.cache)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.node.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.vue', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
