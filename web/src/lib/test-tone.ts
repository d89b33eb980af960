const NOTES = [523.25, 659.25, 783.99];
const NOTE_SEC = 0.22;

/** Three notes through the chosen speaker, so that people know where they will hear the others. */
export async function playTestTone(speakerId: string): Promise<void> {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = output.stream;
  try {
    if (speakerId !== '' && 'setSinkId' in element) await element.setSinkId(speakerId);
    const last = NOTES.map((frequency, index) => {
      const oscillator = new OscillatorNode(context, { frequency });
      const start = context.currentTime + 0.1 + index * NOTE_SEC;
      const gain = new GainNode(context, { gain: 0 });
      gain.gain.setTargetAtTime(0.25, start, 0.01);
      gain.gain.setTargetAtTime(0, start + NOTE_SEC * 0.7, 0.03);
      oscillator.connect(gain).connect(output);
      oscillator.start(start);
      oscillator.stop(start + NOTE_SEC);
      return oscillator;
    }).at(-1);
    const ended = new Promise((resolve) => last?.addEventListener('ended', resolve));
    await element.play();
    await ended;
  } finally {
    element.srcObject = null;
    await context.close();
  }
}
