/** The positions of a chart's axis marks. Pure. */

/** Round numbers from 0 up to at least the highest value: 0, 5, 10. */
export const countTicks = (highest: number): number[] => {
  const rough = Math.max(1, highest) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10) * unit);
  return Array.from({ length: Math.ceil(Math.max(1, highest) / step) + 1 }, (_, index) => index * step);
};

/** Every how many labels one is shown, so that each has enough space. */
export const labelStep = (count: number, width: number, labelWidth: number): number =>
  Math.max(1, Math.ceil((count * labelWidth) / Math.max(1, width)));
