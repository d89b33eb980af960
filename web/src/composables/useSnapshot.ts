import { ElMessage } from 'element-plus';
import type { Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { fileSafe, fileStamp } from '../lib/format.ts';

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Saves the frame on the screen as PNG, in the camera's own resolution. */
export function useSnapshot(video: Ref<HTMLVideoElement | null>) {
  const { t } = useI18n();
  return async (label: string): Promise<void> => {
    const element = video.value;
    if (!element || element.videoWidth === 0) {
      ElMessage.warning(t('live.cell.snapshotFailed'));
      return;
    }
    const canvas = document.createElement('canvas');
    canvas.width = element.videoWidth;
    canvas.height = element.videoHeight;
    canvas.getContext('2d')?.drawImage(element, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) return;
    download(blob, `${fileSafe(label)}_${fileStamp(new Date())}.png`);
    ElMessage.success({ message: t('live.cell.snapshotSaved'), duration: 1500 });
  };
}
