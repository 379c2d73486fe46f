import { describe, expect, it } from 'vitest';
import { silentLogger } from '../engine/core/logger.ts';
import { PRIVILEGED_SCHEMES, secureContents, secureSession } from './security.ts';
import type { SecuredContents, SecuredSession } from './security.ts';

type Handler = (...args: never[]) => unknown;

/** Notes what is set on it, as a session and as a page. */
class Recorder {
  readonly set = new Map<string, Handler>();

  note(name: string): (...args: unknown[]) => void {
    return (...args) => {
      const handler = args.at(-1);
      const event = typeof args[0] === 'string' ? `${name} ${args[0]}` : name;
      if (typeof handler === 'function') this.set.set(event, handler as Handler);
    };
  }

  call(name: string, ...args: unknown[]): unknown {
    const handler = this.set.get(name);
    if (handler === undefined) throw new Error(`${name} was not set: ${[...this.set.keys()].join(', ')}`);
    return Reflect.apply(handler, undefined, args);
  }

  isPrevented(event: string): boolean {
    let prevented = false;
    this.call(`on ${event}`, {
      preventDefault: () => {
        prevented = true;
      },
    });
    return prevented;
  }
}

function securedSession(): Recorder {
  const recorder = new Recorder();
  const session: SecuredSession = {
    setPermissionRequestHandler: recorder.note('permission'),
    setPermissionCheckHandler: recorder.note('check'),
    setDevicePermissionHandler: recorder.note('device'),
    webRequest: { onBeforeRequest: recorder.note('request') },
    on: recorder.note('on'),
  };
  secureSession(session);
  return recorder;
}

function securedContents(): Recorder {
  const recorder = new Recorder();
  const contents: SecuredContents = { setWindowOpenHandler: recorder.note('open'), on: recorder.note('on') };
  secureContents(contents, silentLogger);
  return recorder;
}

describe('secureSession', () => {
  it('grants no permission, whether asked for, checked or to a device', () => {
    const recorder = securedSession();
    const answers: unknown[] = [];

    recorder.call('permission', null, 'clipboard-read', (answer: unknown) => answers.push(answer));

    expect(answers).toEqual([false]);
    expect(recorder.call('check')).toBe(false);
    expect(recorder.call('device')).toBe(false);
  });

  it.each([
    ['app://bundle/index.html', false],
    ['devtools://devtools/bundled/x.html', false],
    ['app://bundle.example.org/', true],
    ['https://example.org/', true],
    ['http://127.0.0.1:4000/', true],
    ['file:///etc/passwd', true],
    ['ws://127.0.0.1/', true],
  ])('cancels a request of %s: %s', (url, cancel) => {
    const answers: unknown[] = [];

    securedSession().call('request', { url }, (answer: unknown) => answers.push(answer));

    expect(answers).toEqual([{ cancel }]);
  });

  it.each([['will-download'], ['select-hid-device'], ['select-serial-port'], ['select-usb-device']])(
    'prevents %s',
    (event) => {
      expect(securedSession().isPrevented(event)).toBe(true);
    },
  );
});

describe('secureContents', () => {
  it('opens no window', () => {
    expect(securedContents().call('open', { url: 'https://example.org/' })).toEqual({ action: 'deny' });
  });

  it.each([['will-navigate'], ['will-frame-navigate'], ['will-redirect'], ['will-attach-webview']])(
    'prevents %s',
    (event) => {
      expect(securedContents().isPrevented(event)).toBe(true);
    },
  );
});

describe('PRIVILEGED_SCHEMES', () => {
  it('gives our scheme no way around the policy', () => {
    expect(PRIVILEGED_SCHEMES).toEqual([
      { scheme: 'app', privileges: { standard: true, secure: true, codeCache: true } },
    ]);
  });
});
