import { ElMessage } from 'element-plus';
import { useI18n } from 'vue-i18n';

/** `navigator.clipboard` exists only on https and localhost; a console on a LAN address needs the old way. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}

export function useCopy() {
  const { t } = useI18n();
  return async (text: string): Promise<boolean> => {
    const copied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    const done = copied === true || copyBySelection(text);
    if (!done) ElMessage.warning(t('app.copyFailed'));
    return done;
  };
}
