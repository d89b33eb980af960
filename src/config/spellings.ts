import type { ConfigProblem } from './conflicts.ts';
import { isTree, setPath, type Tree } from './tree.ts';

/** Other names of keys: those of pms's documents and of its program, which differ from each other. */
export const SPELLINGS: ReadonlyArray<readonly [written: string, key: string]> = [
  ['pms.cerFile', 'pms.certFile'],
  ['pms.numOfWorkerProcess', 'webrtc.workers'],
  ['pms.numOfWorkProcess', 'webrtc.workers'],
  ['webrtc.numOfWorkerProcess', 'webrtc.workers'],
  ['webrtc.numOfWorkProcess', 'webrtc.workers'],
  ['webrtc.listenIp', 'webrtc.listen'],
  ['webrtc.announcedIp', 'webrtc.candidate'],
  ['webrtc.minPort', 'webrtc.port'],
  ['rtsp.listenIp', 'rtsp.host'],
  ['common.fileLevel', 'common.log-level'],
  ['common.consoleLevel', 'common.log-level'],
  ['common.consolLevel', 'common.log-level'],
];

/**
 * Replaces other spellings by the names of the schema.
 * @param written gets, for each replaced key, how the file spells it
 * @returns keys that are there in two spellings
 */
export function applySpellings(tree: Tree, written: Map<string, string>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [spelling, path] of SPELLINGS) {
    const [section = '', name = ''] = spelling.split('.');
    const [toSection = '', toName = ''] = path.split('.');
    const node = tree[section];
    if (!isTree(node) || !(name in node)) continue;
    const value = node[name];
    delete node[name];
    const target = tree[toSection];
    if (isTree(target) && toName in target) {
      problems.push({ path: spelling, message: `${written.get(path) ?? path} is there, too; leave one of them` });
      continue;
    }
    setPath(tree, [toSection, toName], name === 'announcedIp' && typeof value === 'string' ? [value] : value);
    written.set(path, spelling);
  }
  return problems;
}
