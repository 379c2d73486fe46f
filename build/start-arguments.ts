export interface StartArguments {
  readonly headless: boolean;
  readonly help: boolean;
  /** Handed to the program as they came: it knows them better. */
  readonly passed: readonly string[];
}

export const START_USAGE = `npm start                        tray and window; without a display the window in the browser
npm start -- --headless          no tray, even with a display
npm start -- --port N            port of the window and the API on this machine (0: any free one)
npm start -- --no-open           print the address and open no browser`;

/** Reads what decides how to start; everything else is left to the program. */
export function parseStartArguments(args: readonly string[]): StartArguments {
  return { headless: args.includes('--headless'), help: args.includes('--help') || args.includes('-h'), passed: args };
}
