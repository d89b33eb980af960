import { describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from './database-url.ts';

describe('database.url', () => {
  const base = { host: 'db.example', user: 'gbrtc', password: '', database: 'calls', tls: 'disable' };
  test.each([
    { url: 'mysql://gbrtc@db.example/calls', parts: { ...base, kind: 'mysql', port: 3306 } },
    { url: 'mariadb://gbrtc@db.example:3307/calls', parts: { ...base, kind: 'mysql', port: 3307 } },
    { url: 'postgres://gbrtc@db.example/calls', parts: { ...base, kind: 'postgres', port: 5432 } },
    {
      url: 'postgresql://gbrtc@db.example/calls?sslmode=verify-full',
      parts: { ...base, kind: 'postgres', port: 5432, tls: 'verify-full' },
    },
    {
      url: 'mysql://us%40er:p%40ss%2Fw%3Ard%25@[::1]/calls?sslmode=require',
      parts: {
        kind: 'mysql',
        host: '::1',
        port: 3306,
        user: 'us@er',
        password: 'p@ss/w:rd%',
        database: 'calls',
        tls: 'require',
      },
    },
  ])('$url', ({ url, parts }) => {
    expect(parseDatabaseUrl(url)).toEqual(parts);
  });

  test.each([
    { url: 'calls.db', problem: 'must be a URL' },
    { url: 'mysql://s3cret@host:70000/x', problem: 'must be a URL' },
    { url: 'sqlite:///s3cret', problem: 'must begin with' },
    { url: 'mysql://user:s3cret%@host/name', problem: 'percent sign' },
    { url: 'mysql://user:s3cret@/name', problem: 'must be a URL' },
    { url: 'mysql://:s3cret@host/name', problem: 'host and a user' },
    { url: 'mysql://host/name', problem: 'host and a user' },
    { url: 'postgres://user:s3cret@host', problem: 'name of a database' },
    { url: 'postgres://user:s3cret@host/a/b', problem: 'name of a database' },
    { url: 'postgres://user@host/name?sslmode=maybe', problem: 'sslmode' },
    { url: 'postgres://user@host/name?multipleStatements=true', problem: 'sslmode' },
    { url: 'postgres://user:s3cret@host/name#x', problem: 'sslmode' },
  ])('$url is refused', ({ url, problem }) => {
    const said = parseDatabaseUrl(url);
    expect(said).toContain(problem);
    expect(said).not.toContain('s3cret');
  });
});
