// SPDX-License-Identifier: GPL-3.0-or-later
// Figures for people, from KiB, ms and parts per million; null is not known.

const UNKNOWN = '–';
const UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

// Three digits that count: 268 MiB, 12.5 GiB.
export function size(kib) {
	if (kib === null || kib === undefined)
		return UNKNOWN;
	if (kib === 0)
		return '0';
	let value = Math.abs(kib), unit = 0;
	while (value >= 1024 && unit < UNITS.length - 1) {
		value /= 1024;
		unit++;
	}
	const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	return `${kib < 0 ? '−' : ''}${value.toFixed(digits)} ${UNITS[unit]}`;
}

export function signed(kib) {
	return kib > 0 ? `+${size(kib)}` : size(kib);
}

// Axes: no more digits than a round number needs.
export function sizeShort(kib) {
	return size(kib).replace(/\.0+(?= )|(\.\d*?)0+(?= )/, '$1').replace('iB', '');
}

// All of it, for who wants to compare with another program.
export function exact(kib) {
	return kib === null || kib === undefined ? 'not known' : `${kib} KiB`;
}

export function percent(ppm) {
	if (ppm === null || ppm === undefined)
		return UNKNOWN;
	const value = ppm / 10000;
	if (value === 0)
		return '0 %';
	if (value < 0.1)
		return '<0.1 %';
	return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;
}

export function clock(ms) {
	return ms === null ? UNKNOWN : new Date(ms).toTimeString().slice(0, 8);
}

export function clockMinutes(ms) {
	return clock(ms).slice(0, 5);
}

// With the day, where that is not today.
export function moment(ms, nowMs) {
	const day = new Date(ms).toDateString();
	return (day === new Date(nowMs).toDateString() ? '' : `${day.slice(4, 10)} `) + clock(ms);
}

export function span(ms) {
	const s = Math.max(0, Math.round(ms / 1000));
	if (s < 120)
		return `${s} s`;
	const min = Math.round(s / 60);
	if (min < 120)
		return `${min} min`;
	const hours = Math.round(min / 60);
	return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

export function micros(us) {
	if (us === null || us === undefined)
		return UNKNOWN;
	const ms = us / 1000;
	return `${ms < 100 ? ms.toPrecision(2) : ms.toFixed(0)} ms`;
}
