import type { conference as enConference } from '../en/conference.ts';

export const conference: typeof enConference = {
  tile: { self: '{name}（我）', audible: '麦克风已开启', muted: '麦克风已关闭', waiting: '正在连接…' },
  quality: { title: '连接质量', bitrate: '码率', loss: '丢包', picture: '画面', rtt: '往返时延' },
  controls: { mute: '关闭麦克风', unmute: '打开麦克风', cameraOff: '关闭摄像头', cameraOn: '打开摄像头' },
  devices: {
    title: '摄像头、麦克风和扬声器',
    camera: '摄像头',
    microphone: '麦克风',
    speaker: '扬声器',
    tone: '播放测试音',
    default: '默认',
    noCamera: '不使用摄像头',
    noMicrophone: '不使用麦克风',
    you: '我',
    closed: '先看看自己的画面、听听自己的声音。加入之前不会发送任何内容。',
    open: '测试摄像头和麦克风',
    asking: '请在浏览器中允许…',
    cameraless: '不使用摄像头继续',
    watching: '您可以加入、观看、收听和聊天。要让别人看到和听到您，请通过 https:// 或在 localhost 打开此页面。',
  },
};
