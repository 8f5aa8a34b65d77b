// SPDX-License-Identifier: GPL-3.0-or-later
// Takes pictures of the live page of a mmserver in the middle of a burst, for the README (scripts/pictures).
//
// usage: picture.mjs URL GUEST MIB DIR
// Waits until GUEST holds more than MIB and stops growing, then writes DIR/page.png, and DIR/guest.png: the detail of that guest,
// in the dark.
import {getJson, openBrowser, openPage, sleep, until} from './lib.mjs';

const [url, name, mib, dir] = process.argv.slice(2);
const WAIT_S = 180;
const GROWN_MS = 2500; // the page has had some rounds more, and its charts their last points

// Its row of the status; nothing while the server is not up yet.
async function guest() {
	const status = await getJson(`${url}/api/v1/status`).catch(() => null);
	return status?.guests.find((row) => row.name === name);
}

let last = 0;
async function isGrown() {
	const held = (await guest())?.held_kib ?? 0;
	const isOver = held > mib * 1024 && held <= last;
	last = held;
	await sleep(500);
	return isOver;
}

async function shoot(browser, file, hash, options) {
	const page = await openPage(browser, `${url}/${hash}`, options);
	const charts = page.locator(hash ? '#detail .plot' : '#host-chart .plot');
	await until('curves', async () => /[\d.]+ [KMG]iB/.test(await charts.first().getAttribute('aria-label')), 60);
	await sleep(500);
	await page.screenshot({path: `${dir}/${file}`});
	await page.close();
}

const browser = await openBrowser();
try {
	await until(`${name} comes to hold ${mib} MiB`, isGrown, WAIT_S);
	await sleep(GROWN_MS);
	const {uuid} = await guest();
	await shoot(browser, 'page.png', '', {viewport: {width: 1200, height: 800}});
	await shoot(browser, 'guest.png', `#guest=${uuid}`, {viewport: {width: 1200, height: 900}, colorScheme: 'dark'});
} finally {
	await browser.close();
}
