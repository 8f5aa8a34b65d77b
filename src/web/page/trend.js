// SPDX-License-Identifier: GPL-3.0-or-later
// What will be in ten minutes if it goes on like this: a straight line through the hard use.
// Where use does not follow a line, nothing is said.
import {size, signed, span} from './format.js';
import {hardOf} from './model.js';

export const AHEAD_MS = 600000;
const SAMPLES_MIN = 12;
const SPAN_MIN_MS = 45000;
const FIT_MIN = 0.8;       // share of the ups and downs that the line explains (r²)
const STEADY_MIN = 0.4;    // the last third must go on at least at this part of the line's pace ...
const STEADY_MAX = 2.5;    // ... and at most at this
const NOTABLE_SHARE = 0.03; // of what is used; less growth in ten minutes is none
const NOTABLE_KIB = 8192;

function slopeOf(times, values, from) {
	let n = 0, t = 0, v = 0, tt = 0, tv = 0, vv = 0;
	for (let i = from; i < times.length; i++)
		if (values[i] !== null) {
			const x = times[i] - times[0], y = values[i] - (values[from] ?? 0); // small numbers keep their digits
			n++;
			t += x;
			v += y;
			tt += x * x;
			tv += x * y;
			vv += y * y;
		}
	const dt = n * tt - t * t, dv = n * vv - v * v, both = n * tv - t * v;
	return dt > 0 && dv > 0 ? {n, perMs: both / dt, fit: both * both / (dt * dv)} : null;
}

// KiB a ms, or null where no line fits.
export function growth(times, values) {
	if (times.length < SAMPLES_MIN || times[times.length - 1] - times[0] < SPAN_MIN_MS)
		return null;
	const all = slopeOf(times, values, 0);
	const late = slopeOf(times, values, Math.floor(times.length * 2 / 3));
	if (!all || !late || all.n < SAMPLES_MIN || all.fit < FIT_MIN)
		return null;
	const pace = late.perMs / all.perMs;
	return pace >= STEADY_MIN && pace <= STEADY_MAX ? all.perMs : null;
}

function isNotable(perMs, used) {
	return Math.abs(perMs * AHEAD_MS) > Math.max(NOTABLE_KIB, used * NOTABLE_SHARE);
}

// What becomes of a use of usedKib that may grow by roomKib (null: nobody knows): {perMs, aheadKib, fullMs (until the room
// is used up, or null)}; null where there is nothing to say.
function look(times, values, usedKib, roomKib, windowMs) {
	const perMs = growth(times, values);
	if (perMs === null || usedKib === null || !isNotable(perMs, usedKib))
		return null;
	const room = roomKib === null ? Infinity : Math.max(0, roomKib);
	const fullMs = perMs > 0 ? room / perMs : Infinity;
	return {
		perMs,
		aheadKib: Math.round(usedKib + Math.min(Math.max(-usedKib, perMs * AHEAD_MS), room)),
		// nobody knows what is further away than what was looked at
		fullMs: fullMs <= Math.max(AHEAD_MS, windowMs) ? fullMs : null,
	};
}

function words(view, who) {
	return `${who} ${view.perMs > 0 ? 'grows' : 'falls'} by ${size(Math.abs(view.perMs * 60000))} a minute: `;
}

// A guest: until it needs all that it may ever hold.
export function outlook(guest, times, values, windowMs) {
	const room = guest.hard_kib === null || !guest.max_kib ? null : guest.max_kib - guest.hard_kib - guest.warm_kib;
	return look(times, values, hardOf(guest), room, windowMs);
}

export function outlookText(guest, view) {
	return words(view, 'hard use') + (view.fullMs !== null ?
		`reaches its maximum, ${size(guest.max_kib)}, in ~${span(view.fullMs)}` :
		`~${size(view.aheadKib)} in 10 min (${signed(view.aheadKib - hardOf(guest))})`);
}

// The host: until its guests, which may take roomKib more, need all that they may share. Its past is what
// agents say.
export function hostOutlook(past, roomKib, windowMs) {
	return look(past.columns.time_ms, past.columns.used_kib, past.columns.used_kib.at(-1) ?? null, roomKib, windowMs);
}

export function hostOutlookText(view) {
	return words(view, 'use of all, as agents say,') + (view.fullMs !== null ?
		`reaches what they may share in ~${span(view.fullMs)}` : `~${size(view.aheadKib)} in 10 min`);
}
