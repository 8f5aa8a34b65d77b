// SPDX-License-Identifier: GPL-3.0-or-later
// Shared by the tests of the page: programs to start, a browser, and what a person would read there.
import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';

export {sleep};
export const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, '..', '..');
const build = process.env.XENMM_BUILD || join(source, 'build');
export const scenario = (name) => join(here, 'scenarios', name);
const SKIPPED = 77; // as ctest is told

function skip(why) {
	if (process.env.XENMM_WEB_REQUIRED) {
		console.error(`FAILED: ${why}`);
		process.exit(1);
	}
	console.log(`skipped: ${why}`);
	process.exit(SKIPPED);
}

function findBrowser() {
	const names = ['chromium', 'chromium-browser', 'google-chrome'];
	const folders = (process.env.PATH || '').split(delimiter);
	return process.env.XENMM_CHROMIUM ||
		names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

// playwright-core is where scripts/test, or "npm ci" in this folder, put it.
function findPlaywright() {
	for (const folder of [join(build, 'web-modules'), here])
		try {
			return createRequire(join(folder, 'package.json'))('playwright-core');
		} catch {
			// the next
		}
	return null;
}

const playwright = findPlaywright();
const executablePath = findBrowser();
if (!executablePath)
	skip('chromium is not installed');
if (!playwright)
	skip('playwright-core is not installed: npm ci in tests/web');
const mmserver = join(process.env.XENMM_BIN || join(build, 'bin'), 'mmserver');
if (!process.env.XENMM_URL && !existsSync(mmserver))
	skip(`no ${mmserver}`);

export async function openBrowser() {
	const args = process.getuid() === 0 ? ['--no-sandbox'] : [];
	return playwright.chromium.launch({executablePath, args});
}

export async function freePort() {
	const server = createServer();
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const {port} = server.address();
	await new Promise((resolve) => server.close(resolve));
	return port;
}

export async function until(what, check, seconds = 20) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const value = await check();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`waited ${seconds} s in vain: ${what}`);
		await sleep(40);
	}
}

export async function getJson(url) {
	const response = await fetch(url);
	if (!response.ok)
		throw new Error(`${url}: ${response.status}`);
	return response.json();
}

// The real mmserver on simulated guests, at real pace.
export class Server {
	constructor(file, options = []) {
		this.file = file;
		this.options = options;
		this.folder = mkdtempSync(join(tmpdir(), 'xenmm-web-'));
	}

	async start() {
		this.port ||= await freePort();
		this.url = `http://127.0.0.1:${this.port}`;
		this.output = '';
		this.child = spawn(mmserver, ['--backend', `sim:${this.file}`, '--pace', 'real', '--http', `127.0.0.1:${this.port}`,
			'--log-dir', this.folder, ...this.options], {cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe']});
		this.child.stderr.on('data', (text) => {
			this.output = (this.output + text).slice(-4000);
		});
		await until(`an answer of mmserver; it said: ${this.output}`, () => {
			if (this.child.exitCode !== null)
				throw new Error(`mmserver ended with ${this.child.exitCode}: ${this.output}`);
			return getJson(`${this.url}/api/v1/status`).catch(() => null);
		});
	}

	async kill() {
		const ended = new Promise((resolve) => this.child.once('exit', resolve));
		if (this.child.exitCode !== null || this.child.signalCode !== null)
			return;
		this.child.kill('SIGKILL');
		await ended;
	}

	async close() {
		await this.kill();
		rmSync(this.folder, {recursive: true, force: true});
	}
}

export class Mock {
	async start(...options) {
		this.child = spawn(process.execPath, [join(here, 'mock.mjs'), ...options], {stdio: ['pipe', 'pipe', 'inherit']});
		const lines = createInterface({input: this.child.stdout});
		const [line] = await new Promise((resolve) => lines.once('line', (text) => resolve([text])));
		this.url = `http://127.0.0.1:${line.split(' ')[1]}`;
	}

	say(line) {
		this.child.stdin.write(`${line}\n`);
	}

	close() {
		this.child.kill();
	}
}

// A page that notes what must not happen in it.
export async function openPage(browser, url, options = {}) {
	const {isBreakExpected, ...context} = options;
	const page = await (await browser.newContext({viewport: {width: 1280, height: 900}, ...context})).newPage();
	page.faults = [];
	page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
	page.on('console', (message) => {
		if (['error', 'warning'].includes(message.type()) && !(isBreakExpected && /Failed to load resource|net::/.test(message.text())))
			page.faults.push(`console: ${message.text()}`);
	});
	page.on('dialog', (dialog) => {
		page.faults.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	page.on('request', (request) => {
		if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith('data:'))
			page.faults.push(`asked elsewhere: ${request.url()}`);
	});
	await page.goto(url);
	await page.waitForSelector('body[data-round]', {timeout: 20000});
	return page;
}

export const rowOf = (page, name) => page.locator('#rows tr', {has: page.locator('.name', {hasText: new RegExp(`^${name}$`)})});

// What is shown, all of the same round: texts, and the exact figures behind them.
export function readPage(page) {
	return page.evaluate(() => {
		const figure = (node) => ({text: node.textContent, kib: node.dataset.kib === undefined ? null : Number(node.dataset.kib)});
		const facts = {};
		for (const node of document.querySelectorAll('#facts dd'))
			facts[node.id.replace('fact-', '')] = figure(node);
		const guests = [...document.querySelectorAll('#rows tr')].filter((row) => row.querySelector('.why').textContent).map((row) => ({
			domid: Number(row.dataset.domid),
			name: row.querySelector('.name').textContent,
			why: row.querySelector('.why').textContent,
			held: figure(row.querySelector('.held .first')),
			target: figure(row.querySelector('.held .second')),
			used: figure(row.querySelector('td.used .first')),
			need: figure(row.querySelector('td.used .second')),
			pressure: row.querySelector('.pressure .first').textContent,
			ppm: row.querySelector('.pressure .first').dataset.ppm,
		}));
		return {round: Number(document.body.dataset.round), facts, guests};
	});
}

const UNITS = {KiB: 1, MiB: 1024, GiB: 1024 ** 2, TiB: 1024 ** 3};

// Is the text that size, as exactly as its digits say, and with three digits at least?
export function saysSize(text, kib) {
	if (kib === 0)
		return /(^|\s)0$/.test(text);
	const match = /(\d+(?:\.(\d+))?) (KiB|MiB|GiB|TiB)/.exec(text);
	if (!match)
		return false;
	const [, number, decimals = '', unit] = match;
	const digits = number.replace('.', '').length;
	const tolerance = 0.5 * 10 ** -decimals.length * UNITS[unit] + 1e-6;
	return Math.abs(Number(number) * UNITS[unit] - kib) <= tolerance && (digits >= 3 || unit === 'KiB');
}

// Pictures of it, for people; XENMM_SHOTS says where.
export async function shoot(page, name) {
	const folder = process.env.XENMM_SHOTS || join(build, 'web-shots');
	mkdirSync(folder, {recursive: true});
	await page.screenshot({path: join(folder, `${name}.png`)});
}
