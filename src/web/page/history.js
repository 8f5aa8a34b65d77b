// SPDX-License-Identifier: GPL-3.0-or-later
// The past of host and guests: asked for when somebody looks, carried on with each round.
import {ask} from './link.js';
import {hardOf, needOf} from './model.js';

export const WINDOWS = {'5m': 300000, '1h': 3600000, '24h': 86400000};
export const WINDOW_WORDS = {'5m': '5 min', '1h': '1 h', '24h': '24 h'};
const AT_ONCE = 3; // questions at a time; the others wait
const KEPT = 160;   // pasts
const RETRY_MS = 5000;
const SHOWN_MIN_MS = 60000;

export const HOST = 'host';
const LAST = new Set(['time_ms', 'target_kib', 'held_kib', 'total_kib', 'free_kib', 'budget_kib', 'pool_kib']);
const LIVE_KEPT = 150; // samples of the guests nobody looked at, for their trend
const LIVE_STEP_MS = 2000;

// A past: columns by name, all of one length.
function pastOf(answer) {
	let samples = answer.rows.map((row) => Object.fromEntries(answer.columns.map((name, i) => [name, row[i] ?? null])));
	let names = answer.columns;
	if (answer.domain) {
		samples = samples.map(sampleOf);
		names = [...names, 'hard_use_kib', 'need_kib'];
	}
	const columns = Object.fromEntries(names.map((name) => [name, samples.map((sample) => sample[name])]));
	return {step_ms: answer.step_ms, names, columns};
}

// A guest at some time. One that took no part then needed nothing.
function sampleOf(guest) {
	const need = needOf(guest) || null;
	return {...guest, need_kib: need, hard_use_kib: need ? hardOf(guest) : guest.used_kib};
}

export class History {
	constructor(model, onChange) {
		this.model = model;
		this.onChange = onChange;
		this.window = '5m';
		this.entries = new Map(); // key -> {past, state, used, triedMs}; key is a domid, or HOST
		this.wanted = [];
		this.running = 0;
		this.generation = 0;
		this.live = new Map(); // domid -> {times, used}
	}

	get windowMs() {
		return WINDOWS[this.window];
	}

	// What is shown: the window, or as much of it as mmserver has lived; the same for all guests.
	get bounds() {
		const endMs = this.model.timeMs;
		return [Math.max(endMs - this.windowMs, Math.min(this.model.server.start_ms, endMs - SHOWN_MIN_MS)), endMs];
	}

	setWindow(window) {
		this.window = window;
		this.forget();
	}

	// After a restart: another guest may have the domid.
	clear() {
		this.entries.clear();
		this.live.clear();
		this.forget();
	}

	// After another window, or a break: all is asked for anew.
	forget() {
		this.generation++;
		this.wanted = [];
		for (const entry of this.entries.values())
			entry.state = 'old'; // still drawn until the new one is there
	}

	// The past of that key, or null, and then it is asked for. isUrgent: before all others.
	get(key, isUrgent) {
		let entry = this.entries.get(key);
		if (!entry) {
			entry = {past: null, state: 'old', usedMs: 0, triedMs: 0, window: null};
			this.entries.set(key, entry);
		}
		entry.usedMs = Date.now();
		this.trim();
		const isDue = entry.state === 'old' || (entry.state === 'failed' && Date.now() - entry.triedMs > RETRY_MS);
		if (isDue && !this.wanted.includes(key)) {
			this.wanted[isUrgent ? 'unshift' : 'push'](key);
			this.pump();
		}
		return entry.past && entry.window === this.window ? entry.past : null;
	}

	// Nobody looks at these any more: they need not be asked for.
	unwant(key) {
		this.wanted = this.wanted.filter((other) => other !== key);
	}

	trim() {
		if (this.entries.size <= KEPT)
			return;
		const oldest = [...this.entries].filter(([key]) => key !== HOST).sort((a, b) => a[1].usedMs - b[1].usedMs);
		for (const [key] of oldest.slice(0, this.entries.size - KEPT))
			this.entries.delete(key);
	}

	pump() {
		while (this.running < AT_ONCE && this.wanted.length > 0)
			this.fetch(this.wanted.shift());
	}

	async fetch(key) {
		const generation = this.generation;
		const entry = this.entries.get(key);
		if (!entry)
			return;
		entry.state = 'asked';
		entry.triedMs = Date.now();
		this.running++;
		try {
			const domain = key === HOST ? '' : `domain=${encodeURIComponent(key)}&`;
			const answer = await ask(`api/v1/history?${domain}since=-${this.windowMs}`);
			if (generation === this.generation) {
				entry.past = pastOf(answer);
				entry.window = this.window;
				entry.state = 'ready';
				this.onChange(key);
			}
		} catch {
			if (generation === this.generation)
				entry.state = 'failed';
		}
		this.running--;
		this.pump();
	}

	// A round was applied to the model: every past that is kept gets its sample.
	append() {
		const timeMs = this.model.timeMs;
		for (const [key, entry] of this.entries) {
			if (entry.state !== 'ready')
				continue;
			const guest = this.model.guests.get(key);
			if (key === HOST || guest)
				this.add(entry.past, timeMs, guest ? sampleOf(guest) : this.hostSample());
			else
				this.entries.delete(key);
		}
		this.appendLive(timeMs);
	}

	hostSample() {
		return {...this.model.host, held_kib: this.model.sum('held_kib'), used_kib: this.model.sum('used_kib')};
	}

	// In coarse steps the largest of what is needed counts, and the last of what is given.
	add(past, timeMs, sample) {
		const times = past.columns.time_ms;
		const last = times.length - 1;
		if (last >= 0 && timeMs <= times[last])
			return;
		const isSame = last >= 0 && Math.floor(times[last] / past.step_ms) === Math.floor(timeMs / past.step_ms);
		for (const name of past.names) {
			const column = past.columns[name];
			const value = name === 'time_ms' ? timeMs : sample[name] ?? null;
			if (!isSame)
				column.push(value);
			else if (name !== 'time_ms')
				column[last] = LAST.has(name) || column[last] === null ? value : Math.max(column[last], value);
		}
		const first = times.findIndex((time) => time >= timeMs - this.windowMs);
		if (first > 0)
			for (const name of past.names)
				past.columns[name].splice(0, first);
	}

	appendLive(timeMs) {
		for (const [domid, guest] of this.model.guests) {
			let ring = this.live.get(domid);
			if (!ring) {
				ring = {times: [], used: []};
				this.live.set(domid, ring);
			}
			const last = ring.times.length - 1;
			if (hardOf(guest) === null || (last >= 0 && timeMs < ring.times[last] + LIVE_STEP_MS))
				continue;
			ring.times.push(timeMs);
			ring.used.push(hardOf(guest));
			if (ring.times.length > LIVE_KEPT) {
				ring.times.shift();
				ring.used.shift();
			}
		}
		for (const domid of this.live.keys())
			if (!this.model.guests.has(domid))
				this.live.delete(domid);
	}

	// Times and hard use of a guest, as far as they are known without asking.
	usedOf(domid) {
		const entry = this.entries.get(domid);
		if (entry && entry.state === 'ready' && entry.window === this.window)
			return [entry.past.columns.time_ms, entry.past.columns.hard_use_kib];
		const ring = this.live.get(domid);
		return ring ? [ring.times, ring.used] : [[], []];
	}

	// Two samples further apart than this have a hole between them.
	gapMs(past) {
		return Math.max(2.5 * past.step_ms, 6000, 3 * (this.model.server ? this.model.server.interval_ms : 0));
	}
}
