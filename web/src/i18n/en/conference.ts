/** What meetings and calls have in common. */
export const conference = {
  tile: {
    self: '{name} (you)',
    audible: 'Microphone on',
    muted: 'Microphone off',
    waiting: 'Connecting…',
  },
  quality: { title: 'Connection quality', bitrate: 'Bitrate', loss: 'Loss', picture: 'Picture', rtt: 'Round trip' },
  controls: {
    mute: 'Turn the microphone off',
    unmute: 'Turn the microphone on',
    cameraOff: 'Turn the camera off',
    cameraOn: 'Turn the camera on',
  },
  devices: {
    title: 'Camera, microphone and speaker',
    camera: 'Camera',
    microphone: 'Microphone',
    speaker: 'Speaker',
    tone: 'Play a test sound',
    default: 'Default',
    noCamera: 'No camera',
    noMicrophone: 'No microphone',
    you: 'You',
    closed: 'See and hear yourself before the others do. Nothing is sent until you join.',
    open: 'Try camera and microphone',
    asking: 'Please allow it in the browser…',
    cameraless: 'Go on without camera',
    watching:
      'You can join, see and hear the others, and chat. To be seen and heard, open this page by https:// or on localhost.',
  },
};
