// SPDX-License-Identifier: GPL-3.0-or-later
// The live page: ties what is known (model, history) to what is shown. It is drawn anew when there is news.
import {byId, setAttr, setText} from './dom.js';
import {HOST_LINES, TimeChart} from './charts.js';
import {Detail} from './detail.js';
import {Facts} from './facts.js';
import {Feed} from './feed.js';
import {clock, span} from './format.js';
import {HOST, History, WINDOWS} from './history.js';
import {ask, Link} from './link.js';
import {List} from './list.js';
import {kindOf, Model} from './model.js';
import {Now} from './now.js';
import {forgetColours} from './spark.js';

const TICK_MS = 500;
const FRAME_MS = 200; // figures that change faster cannot be read
const STATUS_MS = 30000; // what the stream does not carry: names, bounds, leases
const RETRY_MS = 2000;
const FEED_FIRST = 1000; // mmserver gives 1024 at most: a minute of a large host

const model = new Model();
const history = new History(model, () => schedule());
const facts = new Facts(model);
const now = new Now(model, history);
const feed = new Feed(model);
const list = new List(model, history, (domid) => open(domid));
const detail = new Detail(model, history, () => close());
const hostChart = new TimeChart(byId('host-chart'), HOST_LINES, {height: 150});
const link = new Link(onRound, onOpen);
let isScheduled = false;
let drawnMs = 0;
let wantedGuest = null; // of the address, until it is known
let statusMs = 0;
let isAsking = false;

// ---- drawing
function schedule() {
	if (isScheduled)
		return;
	isScheduled = true;
	setTimeout(() => requestAnimationFrame(() => {
		isScheduled = false;
		drawnMs = Date.now();
		render();
	}), Math.max(0, drawnMs + FRAME_MS - Date.now()));
}

function render() {
	if (!model.server)
		return;
	followAddress();
	facts.render();
	now.render();
	list.render();
	feed.render();
	detail.render();
	renderHost();
	renderTitle();
	setAttr(document.body, 'data-round', model.round);
}

function renderHost() {
	if (byId('host').offsetParent === null)
		return; // covered on a phone
	hostChart.show(history.get(HOST, true), history);
}

function renderTitle() {
	let short = 0;
	for (const guest of model.guests.values())
		short += kindOf(guest) === 'short';
	const what = link.state() === 'stale' ? 'no answer' : short > 0 ? `${short} short` : '';
	const host = model.server?.host || location.hostname;
	document.title = `${what ? `${what} · ` : ''}${host} - xenmm`;
	setText(byId('hostname'), host);
}

// ---- is it true still?
function tick() {
	const state = link.state();
	const age = link.ageMs();
	const banner = byId('banner');
	setAttr(byId('live'), 'data-state', state);
	document.body.classList.toggle('stale', state === 'stale');
	setText(byId('live-text'), state === 'connecting' ? 'connecting' : state === 'stale' ? 'no answer' :
		age < 1500 ? 'live' : `live, ${span(age)} ago`);
	// the age stands apart, or it would be read aloud each second
	if (state === 'stale') {
		link.revive();
		setText(byId('banner-text'), `mmserver does not answer. ${model.timeMs === null ? 'There are no figures yet.' :
			`The figures below are of ${clock(model.timeMs)}.`}`);
		setText(byId('banner-age'), age === null ? 'Trying again.' : `Silent for ${span(age)}; trying again.`);
	}
	if (banner.hidden !== (state !== 'stale')) {
		banner.hidden = state !== 'stale';
		renderTitle();
	}
	if (state === 'live' && Date.now() - statusMs > STATUS_MS)
		refresh();
}

// ---- asking
async function refresh() {
	if (isAsking)
		return;
	isAsking = true;
	statusMs = Date.now();
	try {
		const status = await ask('api/v1/status');
		// another life of mmserver counts its decisions anew
		if (model.isRestart(status.server))
			startOver();
		model.applyStatus(status);
		link.heard(status.server);
		schedule();
	} finally {
		isAsking = false;
	}
}

async function refreshDecisions() {
	try {
		const since = model.lastSeq ? `&since=${Math.max(0, model.lastSeq - FEED_FIRST)}` : '';
		const answer = await ask(`api/v1/decisions?limit=${FEED_FIRST}${since}`);
		model.addDecisions(answer.decisions);
		schedule();
	} catch {
		// the next round brings more, and the banner says where nobody answers
	}
}

function startOver() {
	const guest = model.guests.get(detail.domid);
	if (guest) {
		hide();
		wantedGuest = guest.uuid;
	}
	model.reset();
	history.clear();
	feed.clear();
}

function onRound(message) {
	const isOther = model.isRestart(message.server);
	if (isOther)
		startOver();
	const wants = model.applyRound(message);
	history.append();
	if (wants.status || isOther)
		refresh().catch(() => {});
	if (wants.decisions || isOther)
		refreshDecisions();
	schedule();
	if (document.hidden)
		renderTitle(); // a hidden page draws nothing else
	tick();
}

// After a break there is a hole in what is known here, which mmserver may fill.
function onOpen(isAgain) {
	if (!isAgain)
		return;
	history.forget();
	refresh().catch(() => {});
	refreshDecisions();
}

async function start() {
	try {
		await refresh();
	} catch {
		link.isBroken = true;
		tick();
		setTimeout(start, RETRY_MS);
		return;
	}
	refreshDecisions();
	link.isBroken = false;
	link.open();
	tick();
}

// ---- the address: #guest=UUID&window=1h
function readAddress() {
	const words = new URLSearchParams(location.hash.slice(1));
	const window = words.get('window');
	wantedGuest = words.get('guest');
	if (Object.hasOwn(WINDOWS, window) && window !== history.window) {
		history.setWindow(window);
		document.querySelector(`#windows input[value="${window}"]`).checked = true;
	}
	if (!wantedGuest)
		hide();
	schedule();
}

function writeAddress() {
	const words = new URLSearchParams();
	const guest = detail.domid === null ? null : model.guests.get(detail.domid);
	if (guest || wantedGuest)
		words.set('guest', guest ? guest.uuid || guest.domid : wantedGuest);
	if (history.window !== '5m')
		words.set('window', history.window);
	const hash = words.toString();
	if (hash !== location.hash.slice(1))
		window.history.pushState(null, '', hash ? `#${hash}` : location.pathname + location.search);
}

function followAddress() {
	const guest = wantedGuest ? model.find(wantedGuest) : null;
	if (guest)
		show(guest.domid);
	else if (wantedGuest) {
		show(null);
		detail.miss(wantedGuest);
	}
}

function show(domid) {
	document.body.classList.add('with-detail');
	list.select(domid);
	if (domid === null)
		return;
	wantedGuest = null;
	detail.open(domid);
}

function hide() {
	document.body.classList.remove('with-detail');
	list.select(null);
	detail.close();
}

function open(domid) {
	if (!model.guests.has(domid))
		return;
	show(domid);
	writeAddress();
	detail.title.focus({preventScroll: true});
	schedule();
}

function close() {
	const domid = detail.domid;
	if (domid === null && !wantedGuest)
		return;
	wantedGuest = null;
	hide();
	writeAddress();
	list.focus(domid);
	schedule();
}

// ---- what people do
function onKey(event) {
	const isTyping = event.target.matches('input[type=search], select');
	if (event.key === 'Escape') {
		if (isTyping && event.target.value && event.target.type === 'search')
			return; // empties the field
		event.preventDefault();
		close();
	} else if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
		event.preventDefault();
		byId('filter').focus();
	}
}

function watchPeople() {
	document.addEventListener('keydown', onKey);
	document.addEventListener('click', (event) => {
		const button = event.target.closest('[data-open]');
		if (button)
			open(Number(button.dataset.open));
	});
	byId('windows').addEventListener('change', (event) => {
		history.setWindow(event.target.value);
		writeAddress();
		schedule();
	});
	window.addEventListener('hashchange', readAddress);
	window.addEventListener('popstate', readAddress);
	document.addEventListener('visibilitychange', () => {
		tick();
		schedule();
	});
	matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
		forgetColours();
		hostChart.rebuild();
		detail.recolour();
		schedule();
	});
	window.addEventListener('resize', schedule);
}

watchPeople();
readAddress();
setInterval(tick, TICK_MS);
start();
