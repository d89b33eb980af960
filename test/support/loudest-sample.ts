import type { Page } from 'playwright-core';

/** Runs in the page. */
const LISTEN = `async (stream) => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (const end = performance.now() + 2000; performance.now() < end; await new Promise((r) => setTimeout(r, 20))) {
    analyser.getFloatTimeDomainData(samples);
    for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
  }
  await context.close();
  return loudest;
}`;

/** Loudest sample within two seconds, 0 to 1, of the MediaStream that an expression gives in the page. */
export async function loudestSample(page: Page, stream: string): Promise<number> {
  return page.evaluate<number>(`(${LISTEN})(${stream})`);
}
