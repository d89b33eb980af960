import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;

const below = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);

const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  'assets/README.md',
  'web/README.md',
  ...below('docs').filter((name) => name.endsWith('.md')),
];
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');
const withoutBlocks = (page: string): string => page.replaceAll(/^```[\s\S]*?^```/gm, '');

/** As GitHub names headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string): Set<string> =>
  new Set([...withoutBlocks(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));

test('every link of a document leads to a file, and to a heading that it has', () => {
  const links = PAGES.flatMap((page) =>
    [...withoutBlocks(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => ({ page, link })),
  );
  expect(links.length).toBeGreaterThan(100);
  const broken = links.filter(({ page, link }) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
  });
  expect(broken).toEqual([]);
});

test('every source file that a document names is there', () => {
  const files = ['src', 'test', 'scripts', 'web/src', 'assets', 'conf', 'docs', 'bin'].flatMap(below);
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/`([\w@.][\w@./-]*\.(?:ts|mjs|vue|sh|jpg|yaml))`/g)].map(([, file = '']) => ({
      page,
      file,
    })),
  );
  expect(named.length).toBeGreaterThan(60);
  const known = (file: string): boolean =>
    existsSync(join(ROOT, file)) || files.some((each) => each.endsWith(`/${file.replace(/^\.\//, '')}`));
  expect(named.filter(({ file }) => !known(file))).toEqual([]);
});
