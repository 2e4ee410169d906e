// How times and numbers are written in charts: in the language of the page, times in the zone of the chart.
const page = document.documentElement.lang || 'en';
const LANGUAGE = page === 'en' ? 'en-GB' : page; // the day before the month, as everywhere on the pages
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const DAY = { day: 'numeric', month: 'short' };

const format = (zone, parts) => {
  const formatted = new Intl.DateTimeFormat(LANGUAGE, { timeZone: zone, ...parts });
  return (second) => formatted.format(second * 1000).replaceAll(/[.,]+(?= |$)/g, '');
};

export const momentIn = (zone) => format(zone, { weekday: 'short', ...DAY, ...CLOCK });

// Ticks are written as short as they can be told apart: hours and minutes, unless that would repeat a text.
export const ticksIn = (zone) => {
  const clock = format(zone, CLOCK);
  const day = format(zone, DAY);
  const ways = [
    clock,
    (at) => (clock(at) === '00:00' ? day(at) : clock(at)),
    format(zone, { ...CLOCK, second: '2-digit' }),
    format(zone, { ...DAY, ...CLOCK }),
    format(zone, { ...CLOCK, timeZoneName: 'shortOffset' }),
    format(zone, { ...DAY, ...CLOCK, second: '2-digit', timeZoneName: 'shortOffset' }),
  ];
  return (splits) => {
    const texts = ways.map((way) => splits.map(way));
    return texts.find((all) => new Set(all).size === all.length) ?? texts.at(-1);
  };
};

// As many decimals as the step between two ticks has: a tick at 2.5 must not read 3.
const MOST_DIGITS = 6;
const digitsOf = (step) => {
  const isExact = (digits) => Math.abs(Number(step.toFixed(digits)) - step) < step * 1e-6;
  return [...Array(MOST_DIGITS).keys()].find(isExact) ?? MOST_DIGITS;
};

export const numbers = (splits) => {
  const digits = digitsOf(splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1);
  const write = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 0, maximumFractionDigits: digits });
  return splits.map((value) => write.format(value));
};
