const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time of the local zone as C's `asctime` writes it, without its newline: `Thu Nov  6 22:30:47 2008`. */
export function asctime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = String(date.getDate()).padStart(2);
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${clock} ${date.getFullYear()}`;
}

/** Whole seconds from `now` to `end`; negative when it is past. */
export function secondsLeft(end: Date, now: Date): number {
  return Math.floor(end.getTime() / 1000) - Math.floor(now.getTime() / 1000);
}

/** Time left as the tools print it: `H:MM:SS`, and the days when there is more than one. Nothing left is `0:00:00`. */
export function timeLeft(seconds: number): string {
  const left = Math.max(0, seconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const days = left / 86_400;
  const clock = `${Math.floor(left / 3600)}:${two((left % 3600) / 60)}:${two(left % 60)}`;
  return days > 1 ? `${clock}  (${days.toFixed(1)} days)` : clock;
}
