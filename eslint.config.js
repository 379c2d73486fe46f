import vitest from '@vitest/eslint-plugin';
import { vueTsConfigs, withVueTs } from '@vue/eslint-config-typescript';
import prettier from 'eslint-config-prettier';
import boundaries from 'eslint-plugin-boundaries';
import vue from 'eslint-plugin-vue';

const TESTS = ['**/*.test.ts', '**/test-support/**', 'tests/**'];
const TOOLS = ['build/**', 'bench/**', 'bin/**', '*.config.*'];
const ENTRIES = ['electron/main.ts', 'electron/headless.ts', 'electron/cli.ts', 'electron/preload.ts'];

/**
 * What every file is, first match wins. The dependency rule below speaks of these only, so a new folder that is not
 * listed here may import nothing and be imported by nobody until somebody decides what it is.
 */
const KINDS = [
  { category: 'test', pattern: TESTS },
  { category: 'tool', pattern: [...TOOLS, '.dependency-cruiser.cjs', 'renderer/vite.config.ts'] },
  { category: 'shared', pattern: 'shared/**' },
  { category: 'contract', pattern: 'electron/engine/contract.ts' },
  { category: 'core', pattern: 'electron/engine/core/**' },
  { category: 'stage', pattern: 'electron/engine/*/**', capture: ['stage'] },
  { category: 'composition', pattern: 'electron/engine/*.ts' },
  { category: 'commands', pattern: 'electron/commands/**' },
  { category: 'service', pattern: 'electron/service/**' },
  { category: 'shell', pattern: 'electron/shell/**' },
  { category: 'main', pattern: 'electron/main.ts' },
  { category: 'preload', pattern: 'electron/preload.ts' },
  { category: 'headless', pattern: 'electron/headless.ts' },
  { category: 'cli', pattern: 'electron/cli.ts' },
  { category: 'renderer', pattern: 'renderer/**' },
];

/** Ours: who may import whom. What is not said here is refused. */
const LOCAL_IMPORTS = {
  shared: ['shared'],
  contract: ['shared'],
  core: ['shared', 'core'],
  composition: ['shared', 'contract', 'core', 'stage', 'composition'],
  commands: ['shared', 'contract', 'core', 'service', 'commands'],
  service: ['shared', 'core', 'service'],
  shell: ['shared', 'contract', 'core', 'shell'],
  main: ['shared', 'contract', 'core', 'shell'],
  preload: ['shared'],
  headless: ['shared', 'contract', 'core', 'service'],
  cli: ['shared', 'contract', 'core', 'service', 'commands'],
  renderer: ['shared', 'renderer'],
  tool: ['tool', 'shared', 'contract', 'core', 'stage', 'composition', 'service'],
  test: ['*'],
};

/** These know the engine by its factory and its contract, and nothing of what is inside it. */
const ENGINE_USERS = ['commands', 'shell', 'main', 'headless', 'cli'];

/** Third-party packages, each at home in one place. */
const PACKAGES = {
  shared: ['zod'],
  core: ['pino', 'rotating-file-stream', 'zod'],
  commands: ['commander', 'cli-progress', 'fflate', 'zod'],
  cli: ['commander'],
  shell: ['electron'],
  main: ['electron'],
  preload: ['electron'],
  renderer: ['vue', '@lucide/vue', '@fontsource/**'],
  tool: ['**'],
  test: ['**'],
};

const STAGE_PACKAGES = {
  redis: ['ioredis', 'redis-memory-server'],
  capture: ['chokidar'],
  parse: ['fzstd'],
  api: ['fastify'],
  export: ['highlight.js', 'highlight.js/**', 'markdown-it'],
};

/** Node's own modules: not in what also runs in a page. */
const NODE_USERS = [
  'core',
  'stage',
  'composition',
  'commands',
  'service',
  'shell',
  'main',
  'headless',
  'cli',
  'tool',
  'test',
];

const file = (categories, captured) => ({ file: captured === undefined ? { categories } : { categories, captured } });
const packages = (source) => ({ module: { origin: 'external', source } });

const policies = [
  ...Object.entries(LOCAL_IMPORTS).map(([from, to]) => ({ from: file(from), allow: { to: file(to) } })),
  { from: file('stage'), allow: { to: [file(['shared', 'core']), packages('zod')] } },
  { from: file('stage'), allow: { to: file('stage', { stage: '{{ from.file.captured.stage }}' }) } },
  // The API answers with the engine's own handlers, so it needs their type; it still cannot build an engine.
  { from: file('stage'), allow: { to: file('contract'), dependency: { kind: 'type' } } },
  {
    from: file(ENGINE_USERS),
    allow: { to: [{ file: { path: 'electron/engine/engine.ts' } }, file('stage', { stage: 'config' })] },
  },
  // An export of everything is written line by line on this side, in the one form that the stage defines.
  { from: file('commands'), allow: { to: file('stage', { stage: 'export' }) } },
  ...Object.entries(PACKAGES).map(([from, sources]) => ({ from: file(from), allow: { to: packages(sources) } })),
  ...Object.entries(STAGE_PACKAGES).map(([stage, sources]) => ({
    from: file('stage', { stage }),
    allow: { to: packages(sources) },
  })),
  {
    from: { file: { path: ['electron/engine/store/database.ts', 'electron/engine/core/foreign-database.ts'] } },
    allow: { to: packages('better-sqlite3') },
  },
  { from: file(NODE_USERS), allow: { to: { module: { origin: 'core' } } } },
];

const NO_TIME = [
  { name: 'setTimeout', message: 'Inject Clock and use sleep().' },
  { name: 'setInterval', message: 'Inject Clock and use every().' },
];
const NO_PAGE = ['window', 'document', 'navigator', 'localStorage'].map((name) => ({
  name,
  message: 'This code also runs where there is no page.',
}));
const NO_NODE = ['process', 'Buffer', 'global', '__dirname', '__filename', 'require'].map((name) => ({
  name,
  message: 'This code also runs in a page, where Node is not.',
}));

const NO_ENVIRONMENT = ['env', 'argv', 'platform', 'arch'].map((property) => ({
  object: 'process',
  property,
  message: 'Only the entry files and engine/config read it; take it as an argument.',
}));
const NO_OS_PLATFORM = { object: 'os', property: 'platform', message: 'Take the platform as an argument.' };
const NO_CLOCK = [
  { object: 'Date', property: 'now', message: 'Inject Clock and use now().' },
  { object: 'performance', property: 'now', message: 'Inject Clock and use monotonic().' },
];
const NO_NEW_DATE = {
  selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
  message: 'Inject Clock and use now().',
};
const NO_PROCESS_MODULE = { name: 'node:process', message: 'Use the global, so that the rules can see what is read.' };
const NO_TIMER_MODULES = ['node:timers', 'node:timers/promises', 'timers', 'timers/promises'].map((name) => ({
  name,
  message: 'Inject Clock.',
}));
const NO_RAW_IPC_MAIN = {
  name: 'electron',
  importNames: ['ipcMain'],
  message: 'Only shell/ipc-main.ts registers handlers: it checks sender and arguments.',
};
const NO_RAW_IPC_RENDERER = {
  name: 'electron',
  importNames: ['ipcRenderer'],
  message: 'Only preload.ts talks to the main process.',
};
const NO_RAW_IPC = {
  name: 'electron',
  importNames: ['ipcMain', 'ipcRenderer'],
  message: 'Only shell/ipc-main.ts and preload.ts use raw IPC.',
};

export default withVueTs(
  {
    name: 'holdfast/ignored',
    ignores: [
      'dist/',
      'release/',
      'coverage/',
      '.cache/',
      'resources/',
      'tests/fixtures/',
      'tests/.artifacts/',
      '**/*.d.mts',
    ],
  },
  vue.configs['flat/recommended'],
  vueTsConfigs.recommendedTypeChecked,
  {
    name: 'holdfast/language',
    files: ['**/*.ts', '**/*.vue'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true, defaultFrom: true } }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
          ignoreRestSiblings: true,
          caughtErrors: 'all',
        },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/require-await': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      // A test's or a callback's method reference is not called with another `this` here: private fields would throw.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    name: 'holdfast/vue',
    files: ['**/*.vue'],
    rules: {
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/no-v-html': 'error',
      'no-restricted-exports': 'off',
    },
  },
  {
    name: 'holdfast/boundaries',
    files: ['**/*.ts', '**/*.vue'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { project: 'tsconfig.json' } },
      'boundaries/root-path': import.meta.dirname,
      'boundaries/files': KINDS,
      'boundaries/files-single-match': true,
      'boundaries/elements': [],
      'boundaries/legacy-templates': false,
      'boundaries/dependency-nodes': ['require', 'import', 'dynamic-import', 'export'],
      'boundaries/additional-dependency-nodes': [
        { selector: 'TSImportType Literal', kind: 'type', name: 'import-type' },
      ],
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          checkAllOrigins: true,
          checkUnknownLocals: true,
          checkInternals: true,
          message:
            '{{from.file.categories}} must not import {{dependency.source}}: see the dependency rule in docs/architecture.md.',
          policies,
        },
      ],
    },
  },
  {
    name: 'holdfast/engine',
    files: ['electron/engine/**/*.ts', 'electron/commands/**/*.ts', 'electron/cli.ts', 'electron/headless.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-globals': ['error', ...NO_PAGE] },
  },
  {
    name: 'holdfast/environment',
    files: ['electron/**/*.ts'],
    ignores: [...TESTS, ...ENTRIES, 'electron/engine/config/**'],
    rules: {
      'no-restricted-properties': ['error', ...NO_ENVIRONMENT, NO_OS_PLATFORM],
      'no-restricted-imports': ['error', NO_PROCESS_MODULE, NO_RAW_IPC],
    },
  },
  {
    name: 'holdfast/engine-time',
    files: ['electron/engine/**/*.ts'],
    ignores: [...TESTS, 'electron/engine/core/clock.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': ['error', ...NO_PAGE, ...NO_TIME],
      'no-restricted-properties': ['error', ...NO_ENVIRONMENT, NO_OS_PLATFORM, ...NO_CLOCK],
      'no-restricted-syntax': ['error', NO_NEW_DATE],
      'no-restricted-imports': ['error', NO_PROCESS_MODULE, ...NO_TIMER_MODULES],
    },
  },
  {
    name: 'holdfast/engine-config',
    files: ['electron/engine/config/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-properties': ['error', ...NO_CLOCK] },
  },
  {
    name: 'holdfast/ipc-main',
    files: ['electron/shell/ipc-main.ts', 'electron/main.ts'],
    rules: { 'no-restricted-imports': ['error', NO_RAW_IPC_RENDERER] },
  },
  {
    name: 'holdfast/preload',
    files: ['electron/preload.ts'],
    rules: { 'no-restricted-imports': ['error', NO_RAW_IPC_MAIN] },
  },
  {
    name: 'holdfast/main',
    files: ['electron/main.ts'],
    rules: { 'no-restricted-imports': ['error', NO_RAW_IPC] },
  },
  {
    name: 'holdfast/page',
    files: ['renderer/**/*.ts', 'renderer/**/*.vue'],
    ignores: [...TESTS, 'renderer/vite.config.ts'],
    rules: { 'no-restricted-globals': ['error', ...NO_NODE] },
  },
  {
    name: 'holdfast/shared',
    files: ['shared/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-globals': ['error', ...NO_NODE, ...NO_PAGE, ...NO_TIME] },
  },
  {
    name: 'holdfast/tests',
    files: TESTS.map((pattern) => (pattern.endsWith('.ts') ? pattern : `${pattern}/*.ts`)),
    plugins: { vitest },
    rules: {
      ...vitest.configs.recommended.rules,
      'vitest/no-focused-tests': 'error',
      'vitest/no-disabled-tests': 'error',
      'vitest/no-conditional-tests': 'error',
      // Assertions live in named functions where several tests share them.
      'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'assert*', 'fc.assert'] }],
    },
  },
  {
    name: 'holdfast/configuration',
    files: ['*.config.*', 'renderer/vite.config.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    name: 'holdfast/scripts',
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    ...vueTsConfigs.disableTypeChecked.toConfigArray?.()[0],
  },
  prettier,
);
