const bounded = (text: string, pattern: RegExp, min: number, max: number): number | undefined => {
  const value = Number(text);
  return pattern.test(text) && value >= min && value <= max ? value : undefined;
};

/** A typed whole number within its bounds; undefined where it is none. */
export const wholeNumber = (text: string, min: number, max: number) => bounded(text.trim(), /^\d{1,9}$/, min, max);

/** The same with sign and decimals. */
export const decimalNumber = (text: string, min: number, max: number) =>
  bounded(text.trim(), /^-?\d{1,9}(\.\d{1,9})?$/, min, max);
