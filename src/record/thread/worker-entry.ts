import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadNotice, ThreadOptions, ThreadRequest } from './protocol.ts';
import { RecordThread } from './record-thread.ts';

if (parentPort === null) throw new TypeError('worker-entry runs in a worker thread only');
const port = parentPort;
const tell = (notice: ThreadNotice, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(notice, transfer);
const thread = new RecordThread(workerData as ThreadOptions, tell);

port.on('message', (request: ThreadRequest) => {
  thread.onRequest(request);
  if (request.type === 'shutdown') port.close();
});
thread.start();
