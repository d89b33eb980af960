import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly keyFile: string;
  readonly certFile: string;
  readonly passPhrase: string;
  readonly remove: () => void;
}

/** A self-signed certificate for 127.0.0.1, its key with a pass phrase. */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'gbrtc-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const passPhrase = 'open sesame';
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2', '-passout', `pass:${passPhrase}`];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', keyFile, '-out', certFile, ...subject], {
    stdio: 'ignore',
  });
  return { keyFile, certFile, passPhrase, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
