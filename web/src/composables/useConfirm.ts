import { ElMessageBox } from 'element-plus';
import { useI18n } from 'vue-i18n';

/** Asks before something that cannot be taken back. */
export function useConfirm() {
  const { t } = useI18n();
  return (title: string, text: string, confirmButtonText: string): Promise<boolean> =>
    ElMessageBox.confirm(text, title, {
      confirmButtonText,
      cancelButtonText: t('app.cancel'),
      type: 'warning',
    }).then(
      () => true,
      () => false,
    );
}
