// SPDX-License-Identifier: GPL-3.0-or-later
// Stands in for mmserver where a test needs what the real one will not do on demand: fall silent with its stream open,
// have holes in its history, guests with hostile names, every flag set. Speaks the API of xenmm-api(5); the same options
// give the same figures.
//
// usage: mock.mjs [--port N] [--guests N] [--hostile] [--flags] [--hole] [--interval MS]
// Lines on stdin change it: "silent" (to all), "mute" (to streams that are open, no others), "restart" ("restart other": with other guests), "drop DOMID". Prints
// "listening PORT".
import {createServer} from 'node:http';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const {values: options} = parseArgs({options: {
	port: {type: 'string', default: '0'},
	guests: {type: 'string', default: '3'},
	interval: {type: 'string', default: '1000'},
	hostile: {type: 'boolean', default: false},
	flags: {type: 'boolean', default: false},
	hole: {type: 'boolean', default: false},
}});
const page = new URL('../../src/web/page/', import.meta.url);
const files = {'uPlot.js': 'vendor/uPlot/uPlot.iife.min.js'};
const types = {html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8',
	svg: 'image/svg+xml'};
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const MiB = 1024;
const interval = Number(options.interval);
const count = Number(options.guests);
let startMs = Date.now() - 90000000; // 25 h ago: every window is full
let round = 1;
let isSilent = false;
let life = 0; // of other guests each time
let seq = 0;
let decisions = [];
let lastMs = Date.now(); // of the last round
let lastGuests = [];
let lastGone = [];
const streams = new Set();
const gone = new Set();

const texts = {steady: 'has what it shall have', donate: 'gives idle memory', short: 'runs short, is served first',
	grow: 'gets its share', 'no-agent': 'never reported, not balanced', maximum: 'is at its maximum',
	silent: 'agent is silent, left alone', emergency: 'stalls or falls steeply, grows at once'};
const hostile = ['<img src=x onerror="document.title=1">', '"><script>alert(1)</script>', 'a&amp;b&lt;c', '../../etc/passwd?#%00',
	'x'.repeat(63)];
const kinds = ['web', 'db', 'build', 'mail', 'cache', 'ci', 'shop', 'log'];

function nameOf(i) {
	if (options.hostile && i < hostile.length)
		return hostile[i];
	return count <= 3 ? kinds[i] : `${kinds[i % kinds.length]}-${String(i).padStart(3, '0')}`;
}

// A wave between 0 and 1 that differs from guest to guest.
function wave(i, ms, periodMs) {
	return (1 + Math.sin(ms / periodMs * 2 * Math.PI + i * 1.7)) / 2;
}

// How guest i was at that time: mostly calm; every ninth, and the third of three, has a burst every two minutes; every
// seventeenth leaks.
function guestAt(i, ms) {
	const base = [512, 768, 512, 1024, 2048][i % 5] * MiB;
	const max = base * 2;
	const calm = base * (0.3 + 0.08 * wave(i, ms, 90000));
	const phase = (ms / 1000 + i * 13) % 120;
	const hasBurst = (count <= 3 && i === 2) || (count > 3 && i % 9 === 2);
	let used = calm;
	let reason = 'steady';
	let pressure = 0;
	let held = base * (0.62 + 0.04 * wave(i, ms, 40000));
	let target = held;
	if (hasBurst && phase > 70) {
		const up = Math.min(1, (phase - 70) / 20);
		used = calm + base * up;
		held = Math.max(held, used * (up < 1 ? 0.97 : 1.06));
		target = used * 1.1;
		pressure = up < 1 ? 140000 * up : 0;
		reason = up < 1 ? 'short' : 'grow';
	} else if (count > 3 && i % 17 === 5) {
		const since = (ms / 1000 + i * 31) % 1500 / 1500;
		used = base * (0.3 + 1.4 * since);
		held = used * 1.08 + 50 * MiB;
		target = held;
	} else if (i % 4 === 1 && phase > 60 && phase < 100) {
		reason = 'donate';
		held = base * 0.6;
		target = held - 14 * MiB;
	}
	const isMute = count > 3 && i % 23 === 7;
	const round4 = (kib) => Math.round(kib / 4) * 4;
	const headroom = round4(24 * MiB);
	const warm = round4(40 * MiB * wave(i, ms, 200000));
	return {
		name: nameOf(i), domid: i + 1, uuid: `0000000${life}-0000-4000-8000-${String(i + 1).padStart(12, '0')}`,
		type: i % 2 ? 'hvm' : 'pv', state: 'running', held_kib: round4(held), static_max_kib: max,
		agent: isMute ? {source: 'none', age_ms: null} : {source: 'xenmm', age_ms: 300, total_kib: round4(held - 16 * MiB),
			available_kib: round4(held - 16 * MiB - used), swap_total_kib: 512 * MiB, swap_free_kib: 500 * MiB},
		balanced: !isMute, target_kib: isMute ? 0 : round4(target), wish_kib: round4(target), use_kib: round4(used + 16 * MiB),
		used_kib: isMute ? null : round4(used),
		need: isMute ? {hard_kib: 0, warm_kib: 0, headroom_kib: 0, pressure_ppm: 0} :
			{hard_kib: round4(used + 16 * MiB), warm_kib: warm, headroom_kib: headroom, pressure_ppm: Math.round(pressure)},
		min_kib: 64 * MiB, max_kib: max, weight: 100, balloon: 'settled',
		reason: isMute ? 'no-agent' : reason, reason_text: texts[isMute ? 'no-agent' : reason],
	};
}

function guestsAt(ms) {
	return Array.from({length: count}, (_, i) => i).filter((i) => !gone.has(i + 1)).map((i) => guestAt(i, ms));
}

function serverAt(ms) {
	return {version: '0.1.0', host: 'xen-7', backend: 'mock', policy: 'need', interval_ms: interval, dry_run: options.flags,
		paused: options.flags, rounds: round, time_ms: ms, start_ms: startMs, round_us: 420 + count * 3, lag_us: 60};
}

function hostAt(guests) {
	const held = guests.reduce((sum, guest) => sum + guest.held_kib, 0);
	const total = Math.round((count * 1400 + 4096) * MiB);
	return {total_kib: total, free_kib: total - held - 512 * MiB, claims_kib: 0, reserved_kib: 256 * MiB,
		reserve_kib: 192 * MiB, spare_kib: 900 * MiB, available_kib: 700 * MiB, pool_kib: 410 * MiB, budget_kib: total - 1200 * MiB,
		overcommitted: options.flags, moving: false, tax_ppm: 0};
}

function status() {
	const ms = lastMs;
	const guests = guestsAt(ms);
	return {ok: true, version: 1, server: serverAt(ms), host: hostAt(guests), guests,
		leases: [{id: 1, kib: 256 * MiB, left_kib: 256 * MiB, name: 'new', granted: true, expires_in_ms: 60000, domid: null}]};
}

function decisionOf(guest, old, ms) {
	const change = guest.target_kib !== old.target_kib;
	return {seq: ++seq, name: guest.name, domid: guest.domid, uuid: guest.uuid, time_ms: ms, reason: guest.reason,
		reason_text: guest.reason_text, outcome: !change ? 'none' : options.flags ? 'paused' : 'set', old_kib: old.target_kib || 0, new_kib: guest.target_kib,
		held_kib: guest.held_kib, use_kib: guest.use_kib, wish_kib: guest.wish_kib, need: guest.need, min_kib: guest.min_kib,
		max_kib: guest.max_kib, weight: 100, budget_kib: 4e6, spare_kib: 900 * MiB, available_kib: 700 * MiB,
		pool_kib: 410 * MiB, overcommitted: false};
}

// As at the start of mmserver: one of each guest.
function begin() {
	decisions = lastGuests.map((guest) => decisionOf(guest, guest, lastMs)).reverse();
}

function history(query) {
	const now = lastMs;
	let since = Number(query.get('since') || -300000);
	since = since < 0 ? now + since : since;
	const step = now - since <= 300000 ? 1000 : now - since <= 3600000 ? 10000 : 60000;
	const name = query.get('domain');
	const guest = name && guestsAt(now).find((row) => [row.name, row.uuid, String(row.domid)].includes(name));
	if (name && !guest)
		return null;
	const columns = guest ? ['time_ms', 'target_kib', 'held_kib', 'used_kib', 'hard_kib', 'warm_kib', 'headroom_kib', 'pressure_ppm'] :
		['time_ms', 'total_kib', 'free_kib', 'budget_kib', 'held_kib', 'used_kib', 'pool_kib'];
	const rows = [];
	for (let ms = since; ms <= now; ms += step) {
		const part = (ms - since) / (now - since);
		if (options.hole && part > 0.4 && part < 0.6)
			continue;
		const all = guest ? [] : guestsAt(ms);
		const at = guest ? guestAt(guest.domid - 1, ms) : {...hostAt(all), held_kib: all.reduce((sum, row) => sum + row.held_kib, 0),
			used_kib: all.reduce((sum, row) => sum + (row.used_kib || 0), 0)};
		rows.push(columns.map((column) => (column === 'time_ms' ? Math.round(ms) : at[column] ?? (at.need ? at.need[column] ?? null : null))));
	}
	return {ok: true, version: 1, time_ms: now, step_ms: step, domain: guest ? {name: guest.name, domid: guest.domid, uuid: guest.uuid} : null,
		columns, rows};
}

const columns = ['domid', 'target_kib', 'held_kib', 'used_kib', 'hard_kib', 'warm_kib', 'headroom_kib', 'pressure_ppm', 'reason'];
function rowOf(guest) {
	return columns.map((column) => guest[column] ?? guest.need[column] ?? null);
}


function message(isFull, fresh) {
	const before = new Map(lastGuests.map((guest) => [guest.domid, JSON.stringify(rowOf(guest))]));
	const guests = guestsAt(lastMs);
	const rows = guests.filter((guest) => isFull || before.get(guest.domid) !== JSON.stringify(rowOf(guest))).map(rowOf);
	return `event: round\nid: ${round}\ndata: ${JSON.stringify({version: 1, round, time_ms: lastMs, full: isFull, server: serverAt(lastMs),
		host: hostAt(guests), columns, guests: rows, gone: lastGone, decisions: fresh})}\n\n`;
}

function tick() {
	if (isSilent)
		return;
	const old = new Map(lastGuests.map((guest) => [guest.domid, guest]));
	round++;
	lastMs = Date.now();
	const fresh = guestsAt(lastMs).filter((guest) => {
		const before = old.get(guest.domid);
		return before && before.reason !== guest.reason || before && guest.reason !== 'steady' &&
			Math.abs(guest.target_kib - before.target_kib) > 8 * MiB;
	}).map((guest) => decisionOf(guest, old.get(guest.domid), lastMs)).reverse();
	decisions = [...fresh, ...decisions].slice(0, 1024);
	const text = message(false, fresh.slice(0, 32));
	for (const stream of streams)
		stream.write(text);
	lastGuests = guestsAt(lastMs);
	lastGone = [];
}

function answer(response, body) {
	response.writeHead(body ? 200 : 404, {'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Content-Security-Policy': csp});
	response.end(JSON.stringify(body || {ok: false, version: 1, error: 'there is no such thing'}));
}

function sendFile(response, name) {
	const file = files[name] || name;
	let text;
	try {
		text = readFileSync(fileURLToPath(new URL(file, page)));
	} catch {
		return answer(response, null);
	}
	response.writeHead(200, {'Content-Type': types[name.split('.').at(-1)], 'Cache-Control': 'no-cache', 'Content-Security-Policy': csp,
		'X-Content-Type-Options': 'nosniff'});
	response.end(text);
}

function stream(request, response) {
	response.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
	response.write(`retry: 1000\n\n${message(true, [])}`);
	streams.add(response);
	request.on('close', () => streams.delete(response));
}

const server = createServer((request, response) => {
	const url = new URL(request.url, 'http://localhost');
	if (isSilent && url.pathname.startsWith('/api/'))
		return undefined; // open, and mute
	if (url.pathname === '/')
		return sendFile(response, 'index.html');
	if (/^\/page\/[A-Za-z.]+$/.test(url.pathname))
		return sendFile(response, url.pathname.slice(6));
	if (url.pathname === '/api/v1/status')
		return answer(response, status());
	if (url.pathname === '/api/v1/events')
		return stream(request, response);
	if (url.pathname === '/api/v1/history')
		return answer(response, history(url.searchParams));
	if (url.pathname === '/api/v1/decisions') {
		const since = Number(url.searchParams.get('since') || 0);
		return answer(response, {ok: true, version: 1, last_seq: seq, decisions: decisions.filter((decision) => decision.seq > since)
			.slice(0, Number(url.searchParams.get('limit') || 100))});
	}
	const domain = /^\/api\/v1\/domains\/(.+)$/.exec(url.pathname);
	if (domain) {
		const name = decodeURIComponent(domain[1]);
		const guest = guestsAt(lastMs).find((row) => [row.name, row.uuid, String(row.domid)].includes(name));
		return answer(response, guest && {ok: true, version: 1, time_ms: lastMs, guest,
			decisions: decisions.filter((decision) => decision.domid === guest.domid).slice(0, 32)});
	}
	return answer(response, null);
});

createInterface({input: process.stdin}).on('line', (line) => {
	const [word, argument] = line.split(' ');
	if (word === 'silent')
		isSilent = true;
	else if (word === 'mute') {
		isSilent = false;
		streams.clear(); // they stay open
	} else if (word === 'drop') {
		gone.add(Number(argument));
		lastGone.push(Number(argument));
	} else if (word === 'restart') {
		if (argument === 'other')
			life++;
		startMs = Date.now();
		round = 1;
		seq = 0;
		begin();
		for (const response of streams)
			response.destroy();
	}
}).on('close', () => process.exit(0));

lastGuests = guestsAt(lastMs);
begin();
server.listen(Number(options.port), '127.0.0.1', () => {
	console.log(`listening ${server.address().port}`);
	setInterval(tick, interval);
});
