import { ref } from 'vue';

export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** Questions of which only the newest counts. */
export function useLatest() {
  const loading = ref(false);
  let turn = 0;

  /** Forgets what is under way. */
  const drop = (): void => {
    turn++;
    loading.value = false;
  };

  /** Undefined = something else was wanted meanwhile. */
  const ask = async <T>(work: () => Promise<T>): Promise<Outcome<T> | undefined> => {
    const mine = ++turn;
    loading.value = true;
    const outcome: Outcome<T> = await work().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    if (mine !== turn) return undefined;
    loading.value = false;
    return outcome;
  };

  return { loading, ask, drop };
}
