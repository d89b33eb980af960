import { afterEach, describe, expect, test, vi } from 'vitest';
import { requireTool, toolPath } from '../support/requires.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('programs that tests run', () => {
  test('one that is missing leaves its tests out, with a line that names the package', () => {
    vi.stubEnv('CI', undefined);
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('PATH', '/nonexistent');
    expect(requireTool('sipp')).toBe(false);
    expect(write).toHaveBeenCalledWith('sipp is missing (Debian package sip-tester): its tests are left out\n');
  });

  test('in CI a missing one is an error', () => {
    vi.stubEnv('CI', 'true');
    vi.stubEnv('PATH', '/nonexistent');
    expect(() => requireTool('turnserver')).toThrow('turnserver is missing (Debian package coturn)');
  });

  const outsideThePath = [
    ['mariadbd', '/usr/sbin/mariadbd'],
    ['postgres', '/usr/lib/postgresql/'],
    ['initdb', '/usr/lib/postgresql/'],
  ] as const;
  test.each(outsideThePath.filter(([name]) => requireTool(name)))(
    "%s is Debian's, whatever the path has",
    (name, start) => {
      vi.stubEnv('PATH', '/nonexistent');
      expect(toolPath(name)).toMatch(new RegExp(`^${start}`, 'u'));
    },
  );
});
