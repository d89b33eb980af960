import { ElMessage } from 'element-plus';
import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import * as api from '../api/live-streams.ts';
import type { LiveStream } from '../api/types.ts';
import { publicationTarget } from '../lib/layout.ts';
import { useLive } from '../stores/live.ts';
import { useConfirm } from './useConfirm.ts';
import { useErrorText } from './useErrorText.ts';

/** What an operator does with a running stream; each tells how it went. */
export function useStreamActions(changed: () => void) {
  const { t } = useI18n();
  const errorText = useErrorText();
  const router = useRouter();
  const live = useLive();
  const confirm = useConfirm();
  /** Name of the stream that something is being done with. */
  const busy = ref('');

  const run = async (name: string, work: () => Promise<unknown>) => {
    busy.value = name;
    try {
      await work();
      changed();
    } catch (error) {
      ElMessage.error(t('streams.actionFailed', { message: errorText(error) }));
    } finally {
      busy.value = '';
    }
  };

  const playInGrid = ({ kind, name, deviceId, channelId, subStream }: LiveStream) => {
    live.playTarget(kind === 'camera' ? { deviceId, channelId, subStream } : publicationTarget(name));
    return router.push('/live');
  };

  const mute = (stream: LiveStream, kind: 'video' | 'audio') =>
    run(stream.name, () => api.muteLiveStream(stream.name, { [kind]: stream.publisher?.muted[kind] !== true }));

  const close = async ({ name, title, kind, viewerCount }: LiveStream) => {
    const text = kind === 'camera' ? 'streams.close.camera' : 'streams.close.publication';
    const sure = await confirm(
      t('streams.close.title', { name: title }),
      t(text, { count: viewerCount }, viewerCount),
      t('streams.close.confirm'),
    );
    if (!sure) return;
    await run(name, async () => {
      await api.closeLiveStream(name);
      ElMessage.success(t('streams.close.done'));
    });
  };

  const disconnect = (stream: string, viewerId: string) => run(stream, () => api.closeViewer(viewerId));

  return { busy, playInGrid, mute, close, disconnect };
}
