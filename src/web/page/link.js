// SPDX-License-Identifier: GPL-3.0-or-later
// The connection to mmserver: a stream of events, and questions. It never gives up.

const SILENT_MS = 6000; // no message for so long, or three intervals: what is shown is old
const BROKEN_MS = 2500; // the same where the connection is known to be broken
const RETRY_MS = 2000;
const ANSWER_MS = 10000;

export async function ask(path) {
	const response = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(ANSWER_MS)});
	const answer = await response.json().catch(() => null);
	if (!response.ok || !answer || answer.ok !== true)
		throw new Error(answer && answer.error ? answer.error : `${path}: answer ${response.status}`);
	return answer;
}

export class Link {
	// onRound(message), onOpen(isAgain)
	constructor(onRound, onOpen) {
		this.onRound = onRound;
		this.onOpen = onOpen;
		this.lastMs = null; // by this machine's clock
		this.intervalMs = 2000;
		this.isBroken = false;
		this.wasOpen = false;
		this.source = null;
	}

	open() {
		if (this.source)
			this.source.close();
		this.openedMs = Date.now();
		this.source = new EventSource('api/v1/events');
		this.source.addEventListener('open', () => {
			this.isBroken = false;
			this.onOpen(this.wasOpen);
			this.wasOpen = true;
		});
		this.source.addEventListener('round', (event) => {
			this.isBroken = false;
			const message = JSON.parse(event.data);
			this.heard(message.server);
			this.onRound(message);
		});
		this.source.addEventListener('error', () => {
			this.isBroken = true;
			// a browser tries again by itself, but not after an answer that was no stream
			if (this.source.readyState === EventSource.CLOSED)
				setTimeout(() => this.open(), RETRY_MS);
		});
	}

	// A connection that is open and mute, through a tunnel that died, would stay so for ever.
	revive() {
		if (this.source && Date.now() - this.openedMs > ANSWER_MS)
			this.open();
	}

	heard(server) {
		this.lastMs = Date.now();
		this.intervalMs = (server && server.interval_ms) || this.intervalMs;
	}

	ageMs() {
		return this.lastMs === null ? null : Math.max(0, Date.now() - this.lastMs);
	}

	// 'connecting', 'live' or 'stale'
	state() {
		const age = this.ageMs();
		if (age === null)
			return this.isBroken ? 'stale' : 'connecting';
		const limit = this.isBroken ? BROKEN_MS : Math.max(SILENT_MS, 3 * this.intervalMs);
		return age > limit ? 'stale' : 'live';
	}
}
