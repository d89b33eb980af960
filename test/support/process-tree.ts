import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ of Linux; `getconf CLK_TCK` says 100 everywhere. */
const TICK_MS = 10;

interface ProcessRow {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly cpuMs: number;
}

function readRow(pid: number): ProcessRow | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name may hold blanks; it ends at the last parenthesis.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
    return { pid, name, parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS };
  } catch {
    return undefined;
  }
}

function treeOf(root: number): ProcessRow[] {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readRow(Number(name)))
    .filter((row) => row !== undefined);
  const members = new Set([root]);
  for (let grown = true; grown;) {
    grown = false;
    for (const { pid, parent } of rows) {
      if (members.has(pid) || !members.has(parent)) continue;
      members.add(pid);
      grown = true;
    }
  }
  return rows.filter(({ pid }) => members.has(pid));
}

function residentBytes(pid: number): number {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** CPU time in ms, user and system, that a process and all below it have used so far. */
export function treeCpuMs(root: number): number {
  return treeOf(root).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** Resident memory in bytes of a process and all below it; shared pages counted once. */
export function treeResidentBytes(root: number): number {
  return treeOf(root).reduce((sum, { pid }) => sum + residentBytes(pid), 0);
}

/** Process ids of the mediasoup workers of a gateway. */
export function workersOf(gateway: number): number[] {
  return treeOf(gateway)
    .filter(({ name, parent }) => name === 'mediasoup-worke' && parent === gateway)
    .map(({ pid }) => pid);
}
