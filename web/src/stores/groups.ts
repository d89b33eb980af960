import { defineStore } from 'pinia';
import { ref } from 'vue';

/** Counts the changes of the operator's groups, so that what shows them asks again. */
export const useGroups = defineStore('groups', () => {
  const revision = ref(0);
  const touch = () => (revision.value += 1);
  return { revision, touch };
});
