import type * as en from '../en/play.ts';

export const stages: typeof en.stages = {
  requested: '收到播放请求',
  invite_sent: '已向设备发送 INVITE',
  trying: '设备正在处理',
  ok: '设备已同意（200 OK）',
  first_rtp: '收到第一个媒体包',
  ssrc_ok: '流编号（SSRC）已确认',
  first_pack: '解析到第一个 MPEG-PS 包',
  codec: '已识别编码格式',
  sub_stream: '已核对子码流',
  audio: '已识别音频编码',
  first_key_frame: '第一个关键帧完整',
  producer: '可供浏览器播放',
  viewer_offer: '本浏览器请求观看',
  ice: '网络路径已建立（ICE）',
  dtls: '加密已建立（DTLS）',
  first_frame: '首帧已解码',
  fallback: '改用其他媒体传输方式',
  playing: '正在播放',
  failed: '失败',
  closed: '已结束',
};

export const waiting: typeof en.waiting = {
  starting: '正在启动…',
  requested: '正在请求设备…',
  invite_sent: '等待设备应答…',
  trying: '设备正在准备…',
  ok: '等待第一个媒体包…',
  first_rtp: '正在核对媒体流…',
  ssrc_ok: '正在解析媒体流…',
  first_pack: '正在查找视频…',
  codec: '等待关键帧…',
  first_key_frame: '正在准备画面…',
  producer: '正在连接浏览器…',
  fallback: '正在尝试其他传输方式…',
};

export const failures: typeof en.failures = {
  device_offline: {
    title: '设备离线',
    text: '设备没有在本网关注册，或者心跳已经中断。',
    advice:
      '检查设备的电源和网络，并核对其 GB28181 页面中的服务器编号、地址、端口和密码是否与本网关一致。设备重新注册后画面会自动恢复。',
  },
  invite_timeout: {
    title: '设备没有应答',
    text: '设备已注册，但没有按时应答 INVITE。',
    advice:
      '通常是 NAT 或防火墙只放行了设备发出的消息。请双向放行 SIP 端口的 UDP 和 TCP，把心跳间隔缩短到 30 秒，或让设备用 TCP 注册。如果设备完全没有响应，请重启设备。',
  },
  invite_rejected: {
    title: '设备拒绝发送',
    text: '设备用错误码应答了 INVITE。',
    advice:
      '403 或 404：通道编号不属于该设备。486 或 488：观看路数超限或媒体格式不支持，可尝试子码流或在设备设置中更换媒体传输方式。5xx：请重启设备。',
  },
  no_rtp: {
    title: '没有收到媒体数据',
    text: '设备同意发送，但一个数据包也没有到达。',
    advice:
      '设备无法到达媒体端口。请放行本网关的 RTP 端口范围（见系统设置的 media），并检查下发给设备的媒体地址：在 NAT 之后必须填写公网地址。',
  },
  rtp_wrong_ssrc: {
    title: '收到的是另一路流的数据',
    text: '数据包中的流编号（SSRC）与约定的不一致。',
    advice: '部分固件会自行生成编号。请将该设备的 SSRC 校验改为“接受实际值”。',
  },
  rtp_wrong_source: {
    title: '数据来自错误的地址',
    text: '媒体数据的来源地址既不是设备应答中的地址，也不是其 SIP 地址，而该设备的 SSRC 校验为严格。',
    advice:
      '请查看时间线中的地址。如果来自其他发送设备，请停止它；如果是本设备的另一块网卡或 NAT，请将其 SSRC 校验改为“接受实际值”。',
  },
  ps_no_video: {
    title: '码流中没有视频',
    text: '收到了数据包，但 MPEG-PS 码流里没有画面。',
    advice: '请在摄像机中为该通道开启视频并选择 H.264。对于 NVR，请检查该通道是否接有摄像机。',
  },
  no_key_frame: {
    title: '没有完整的起始画面',
    text: '收到了视频，但始终没有关键帧，主动请求也无效。',
    advice: '请将摄像机的 I 帧间隔设为 1–2 秒（25–50 帧），并关闭 Smart264 / H.264+ 等智能编码。',
  },
  codec_unsupported: {
    title: '暂不支持播放此编码',
    text: '摄像机发送的视频编码无法在浏览器中播放。',
    advice: '请将摄像机（或其子码流）的视频编码设为不带“+”的 H.264，或观看子码流。',
  },
  ice_failed: {
    title: '浏览器无法到达媒体端口',
    text: '网关已收到画面，但浏览器没有找到通往网关的网络路径。',
    advice:
      '请放行 WebRTC 端口（8000 起）的 UDP 和 TCP，并将 webrtc.candidate 设为您打开本页面所用的地址。VPN 和浏览器扩展也可能阻止 WebRTC。',
  },
  no_browser_frame: {
    title: '浏览器没有显示画面',
    text: '数据已到达浏览器，但没有解码出任何一帧。',
    advice: '请换一个浏览器或子码流。不带 H.264 的 Chromium 也会出现这种情况。',
  },
  no_media_port: {
    title: '没有空闲的媒体端口',
    text: '网关的 RTP 端口全部在使用或处于冷却中。',
    advice: '请在配置中扩大 media.port-min … port-max，或关闭不需要的媒体流。',
  },
  media_lost: {
    title: '媒体流中断',
    text: '数据包到达过，随后停止了。',
    advice: '设备或途中的网络出现故障。网关会自动重新打开该流；如果经常发生，请检查设备的网络。',
  },
  device_bye: {
    title: '设备结束了媒体流',
    text: '设备发送了 BYE。',
    advice: '通常是达到了同时取流的上限，或设备重启。请稍后重试。',
  },
  closed: {
    title: '媒体流已关闭',
    text: '该流在网关上被关闭。',
    advice: '如果仍需观看，请重新播放。',
  },
  webrtc_unavailable: {
    title: '媒体引擎正在重启',
    text: '网关的 WebRTC 部分暂时不可用。',
    advice: '画面会在几秒内自动恢复。',
  },
  viewer_limit: {
    title: '观看数已达上限',
    text: '同时观看的数量已达到网关的上限。',
    advice: '请关闭不需要的画面和页面。页面会自动重试。',
  },
  stream_limit: {
    title: '媒体流已达上限',
    text: '正在运行的媒体流已达到网关的上限。',
    advice: '请在媒体流页面关闭不需要的流。页面会自动重试。',
  },
  forbidden: {
    title: '没有观看权限',
    text: '当前登录或本页面的令牌不允许观看。',
    advice: '请联系管理员，或重新打开收到的链接。',
  },
  rtsp_unreachable: {
    title: '无法连接 RTSP 摄像机',
    text: '与该地址无法建立连接。',
    advice: '请检查摄像机的电源和网络，并在媒体流页面核对地址和端口。',
  },
  rtsp_timeout: {
    title: 'RTSP 摄像机没有应答',
    text: '摄像机可以连接，但没有按时应答。',
    advice: '摄像机或网络负载过高。页面会自动重试。',
  },
  rtsp_unauthorized: {
    title: 'RTSP 摄像机拒绝登录',
    text: '缺少用户名或密码，或填写有误。',
    advice: '请用正确的账号重新添加该摄像机。',
  },
  rtsp_not_found: {
    title: 'RTSP 摄像机没有此流',
    text: '摄像机不认识地址中的路径。',
    advice: '请查阅厂商手册中的路径，并重新添加该摄像机。',
  },
  rtsp_refused: {
    title: 'RTSP 摄像机拒绝发送',
    text: '摄像机应答了错误。',
    advice: '通常是连接数过多，请检查摄像机的设置。',
  },
  rtsp_bad_answer: {
    title: '无法理解 RTSP 摄像机的应答',
    text: '收到的内容不是 RTSP，或重定向形成循环。',
    advice: '请检查地址和端口，然后检查摄像机的固件。',
  },
  rtsp_connection_lost: {
    title: '与 RTSP 摄像机的连接中断',
    text: '连接已断开，或不再有数据。',
    advice: '网关会自动重新连接；如果经常发生，请检查摄像机的网络。',
  },
  pull_silent: {
    title: 'RTSP 摄像机没有发送数据',
    text: '摄像机同意发送，但没有数据到达。',
    advice: '请在媒体流页面将传输方式设为 TCP：途中可能阻止了 UDP。',
  },
  pull_ended: {
    title: '此流在网关上已结束',
    text: '该流已被关闭，或名称被其他推流使用。',
    advice: '如果仍需观看，请重新播放。',
  },
  device_unknown: {
    title: '网关不认识该设备',
    text: '设备已被删除，或从未在此注册。',
    advice: '请选择其他摄像机，或重新接入该设备。',
  },
  channel_unknown: {
    title: '通道已不存在',
    text: '设备的目录中已没有该通道。',
    advice: '请在设备管理页面刷新目录。',
  },
  stream_unknown: {
    title: '此流没有直播',
    text: '目前没有人以此名称推流。',
    advice: '有人重新推流时，画面会自动开始。',
  },
  unauthorized: {
    title: '登录已失效',
    text: '登录有效期已过。',
    advice: '请重新登录。',
  },
  network: {
    title: '网关没有响应',
    text: '与服务器的连接已中断。',
    advice: '页面会自动重试。',
  },
  browser_unsupported: {
    title: '浏览器不支持 WebRTC',
    text: '没有 RTCPeerConnection，或已被禁用。',
    advice: '请使用新版 Chromium、Chrome、Edge、Firefox 或 Safari。',
  },
  browser_no_h264: {
    title: '此浏览器不支持 H.264',
    text: '摄像机发送 H.264。Firefox 通过 OpenH264 插件解码，该插件由 Firefox 自动从互联网下载。',
    advice: '请在 about:addons 的“插件”中查看 OpenH264，并让 Firefox 连接一次互联网，或改用 Chrome、Edge 或 Safari。',
  },
  unknown: {
    title: '没有画面',
    text: '网关报告：{code}',
    advice: '请打开时间线，查看进行到了哪一步。',
  },
};

export const timeline: typeof en.timeline = {
  none: '还没有请求过此摄像机',
  noneText: '播放后，从请求到首帧的每一步都会列在这里。',
  summary: '{time} 后出现画面',
  opening: '正在打开…',
  playing: '正在播放',
  failed: '没有画面',
  closed: '已结束',
  advice: '处理建议',
  said: '网关信息',
  transport: '媒体传输：{transport}',
  sipStatus: 'SIP {status}',
  messages: 'SIP 消息',
  messagesNone: '本次播放的 SIP 消息已不再保留。',
  messagesFailed: '消息加载失败：{message}',
  sent: '发往设备',
  received: '来自设备',
};
