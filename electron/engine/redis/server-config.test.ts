import { describe, expect, it } from 'vitest';
import { serverConfig } from './server-config.ts';

const SOCKET = { kind: 'socket', path: '/home/ada/redis/run/r.sock' } as const;
const PASSWORD = 'a-password-that-nobody-may-read';

describe('serverConfig', () => {
  it('opens a socket and no port', () => {
    const lines = serverConfig({ directory: '/data', listen: SOCKET, password: PASSWORD }).split('\n');

    expect(lines).toContain('port 0');
    expect(lines).toContain('unixsocket "/home/ada/redis/run/r.sock"');
    expect(lines).toContain('unixsocketperm 700');
  });

  it('stays on the loopback where there are no sockets', () => {
    const text = serverConfig({ directory: 'C:\\Data', listen: { kind: 'tcp', port: 7001 }, password: PASSWORD });

    expect(text).toContain('bind 127.0.0.1\nport 7001\n');
    expect(text).not.toContain('unixsocket');
    expect(text).toContain('dir "C:\\\\Data"');
  });

  it('holds the hash of the password and not the password', () => {
    const text = serverConfig({ directory: '/data', listen: SOCKET, password: PASSWORD });

    expect(text).toMatch(/^user app on #[0-9a-f]{64} /m);
    expect(text).not.toContain(PASSWORD);
  });

  it('lets no path end its line and begin another', () => {
    const text = serverConfig({ directory: '/a "b"\nrequirepass x', listen: SOCKET, password: PASSWORD });

    expect(text).toContain('dir "/a \\"b\\"\\nrequirepass x"\n');
    expect(text).not.toMatch(/^requirepass/m);
  });
});
