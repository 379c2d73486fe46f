/**
 * What the page, and anything that might get into it, can never do. Denies by default: permissions, devices, navigation, new
 * windows, web views, and every address but our own scheme. Registered for every session and every page, so that a window
 * that is added later is covered without anybody thinking of it.
 */
import type { App, CustomScheme, Session, WebContents } from 'electron';
import type { Logger } from '../engine/core/logger.ts';
import { APP_ORIGIN, APP_SCHEME } from './protocol.ts';

/** For `protocol.registerSchemesAsPrivileged`, before `ready`. */
export const PRIVILEGED_SCHEMES: CustomScheme[] = [
  { scheme: APP_SCHEME, privileges: { standard: true, secure: true, codeCache: true } },
];

export type SecuredSession = Pick<
  Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
> & {
  readonly webRequest: Pick<Session['webRequest'], 'onBeforeRequest'>;
  on(event: 'will-download' | 'select-hid-device' | 'select-serial-port' | 'select-usb-device', deny: Deny): unknown;
};
type Deny = (event: { preventDefault(): void }) => void;

/** Closes one session. */
export function secureSession(session: SecuredSession): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => {
    answer(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !isOurs(details.url) });
  });
  for (const event of ['will-download', 'select-hid-device', 'select-serial-port', 'select-usb-device'] as const) {
    session.on(event, (happened) => {
      happened.preventDefault();
    });
  }
}

/** Developer tools load themselves from their own scheme; they can be opened only where the window factory allows it. */
function isOurs(url: string): boolean {
  return url.startsWith(`${APP_ORIGIN}/`) || url.startsWith('devtools://');
}

const NAVIGATIONS = ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'] as const;

export type SecuredContents = Pick<WebContents, 'setWindowOpenHandler'> & {
  on(event: (typeof NAVIGATIONS)[number], deny: Deny): unknown;
};

/** Closes one page. */
export function secureContents(contents: SecuredContents, logger: Logger): void {
  contents.setWindowOpenHandler(() => {
    logger.warn('new window was refused');
    return { action: 'deny' };
  });
  for (const event of NAVIGATIONS) {
    contents.on(event, (happened) => {
      logger.warn('navigation was refused', { event });
      happened.preventDefault();
    });
  }
}

/** Closes every session and page there will be, and logs those that die. The engine goes on recording whatever happens. */
export function secureApp(app: App, logger: Logger): void {
  app.on('session-created', secureSession);
  app.on('web-contents-created', (_event, contents) => {
    secureContents(contents, logger);
  });
  app.on('render-process-gone', (_event, _contents, details) => {
    logger.error('window process ended', { reason: details.reason, exitCode: details.exitCode });
  });
  app.on('child-process-gone', (_event, details) => {
    if (details.reason === 'clean-exit') return;
    logger.error('helper process ended', { type: details.type, reason: details.reason, exitCode: details.exitCode });
  });
}
