/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/gather.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "monitor/service/fault.h"
#include "monitor/service/intake.h"
#include "monitor/service/tokens.h"
#include "xenmm/units.h"

#define PATH "/v1/domains"

#define BACKOFF_MAX_MS 60000 /* a host that does not answer is asked at least so often */
/* A host that keeps processes to itself is asked for them again after so many requests. */
#define TOTALS_FOR 30

/* A host's requests. */
struct asked {
	struct mm_gather *gather;
	size_t index; /* of the host */
	CURL *easy;
	struct curl_slist *headers;
	bool is_active, with_processes;
	bool is_again; /* at once: the answer was no failure */
	struct mm_intake answer;
	uint64_t next_ms, begun_ms;
	unsigned totals_left; /* so many requests for totals only: it refused processes */
	uint64_t told_ms;
};

struct mm_gather {
	const struct mm_mon_settings *settings;
	struct event_base *base;
	struct mm_hosts *hosts;
	CURLM *multi;
	struct event *timer; /* curl's */
	struct event *due;   /* the next host's turn */
	struct asked *asked; /* one for each host */
	size_t count;
	size_t active;
	size_t bytes; /* of all answers */
};

static uint64_t now_ms(void)
{
	return mm_clock_us() / 1000;
}

static void call_after(struct event *event, uint64_t ms)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(event, &tv); /* without memory for it the next one does it */
}

static struct mm_host_state *host_of(const struct asked *asked)
{
	return &asked->gather->hosts->list[asked->index];
}

/* ---- an answer is over --------------------------------------------------------------------------- */

static void plan_next(struct asked *asked)
{
	const struct mm_host_state *host = host_of(asked);
	uint64_t interval_ms = asked->gather->settings->interval_ms;
	uint64_t shift = mm_min_u64(host->failures_in_row, 6);
	uint64_t wait_ms =
		mm_max_u64(mm_min_u64(interval_ms << shift, BACKOFF_MAX_MS), interval_ms);

	asked->next_ms = asked->is_again ? asked->begun_ms : asked->begun_ms + wait_ms;
	asked->is_again = false;
}

static void tell_of_failure(struct asked *asked)
{
	const struct mm_host_state *host = host_of(asked);

	if (mm_log_is_due(&asked->told_ms, now_ms()))
		mm_log(MM_LOG_WARN, "host %s: %s", host->entry.name, host->error);
}

static void take_body(struct asked *asked)
{
	struct mm_host_state *host = host_of(asked);
	struct mm_host_report report;
	bool was_silent = host->failures_in_row > 0;
	char err[160] = "";
	int r = mm_host_report_read(asked->answer.len ? asked->answer.bytes : "", asked->answer.len,
		&report, err, sizeof(err));

	host->duration_ms = now_ms() - asked->begun_ms;
	if (r == -ENOMEM)
		snprintf(err, sizeof(err), "out of memory for its answer");
	if (r) {
		mm_hosts_fail(host, err);
	} else {
		r = mm_hosts_accept(asked->gather->hosts, host, &report, now_ms());
		host->lacks_processes = host->lacks_processes || asked->totals_left > 0;
	}
	if (r) {
		tell_of_failure(asked);
	} else if (was_silent) {
		asked->told_ms = 0;
		mm_log(MM_LOG_INFO, "host %s: answers again, %zu guests", host->entry.name,
			host->report.count);
	}
}

static void finish(struct asked *asked, CURLcode code)
{
	char err[200] = "";
	long status = 0;

	(void)curl_easy_getinfo(asked->easy, CURLINFO_RESPONSE_CODE, &status);
	/* a host with very many guests still tells their totals */
	if (asked->with_processes &&
		((code == CURLE_OK && status == 403) || asked->answer.is_too_long)) {
		asked->totals_left = TOTALS_FOR;
		asked->is_again = true;
		return;
	}
	if (asked->answer.why)
		snprintf(err, sizeof(err), "%s", asked->answer.why);
	else if (code != CURLE_OK)
		mm_gather_fault(
			code, &host_of(asked)->entry, asked->gather->settings, err, sizeof(err));
	else if (status >= 300 && status < 400)
		snprintf(err, sizeof(err),
			"it answers with a redirection (%ld), which is not followed", status);
	else if (status == 401 || status == 403)
		snprintf(err, sizeof(err),
			"it refuses us (%ld): see token-file, and processes there", status);
	else if (status != 200)
		snprintf(err, sizeof(err), "it answers with status %ld", status);
	if (*err) {
		mm_hosts_fail(host_of(asked), err);
		tell_of_failure(asked);
	} else {
		take_body(asked);
	}
}

static void pump(struct mm_gather *gather);

static void collect(struct mm_gather *gather)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(gather->multi, &left))) {
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		struct asked *asked = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&asked);
		finish(asked, code);
		(void)curl_multi_remove_handle(gather->multi, easy);
		asked->is_active = false;
		gather->active--;
		mm_intake_drop(&asked->answer);
		plan_next(asked);
	}
	pump(gather);
}

/* ---- asking ------------------------------------------------------------------------------------ */

/* With processes, unless they were refused just now. */
static bool set_url(struct asked *asked)
{
	const char *url = host_of(asked)->entry.url;
	char target[MM_MON_TEXT_MAX + 64];

	asked->with_processes = asked->gather->settings->with_processes && asked->totals_left == 0;
	if (asked->totals_left > 0)
		asked->totals_left--;
	if (asked->with_processes)
		snprintf(target, sizeof(target), "%s" PATH "?processes=%d", url, MM_REPORT_ASKED);
	else
		snprintf(target, sizeof(target), "%s" PATH, url);
	return curl_easy_setopt(asked->easy, CURLOPT_URL, target) == CURLE_OK;
}

static void ask(struct asked *asked)
{
	asked->begun_ms = now_ms();
	if (!set_url(asked) ||
		curl_multi_add_handle(asked->gather->multi, asked->easy) != CURLM_OK) {
		mm_hosts_fail(host_of(asked), "out of memory to ask it");
		plan_next(asked);
		return;
	}
	asked->is_active = true;
	asked->gather->active++;
}

/* Asks those whose turn it is; the longest waiting first, so that hosts that hang do not keep others back for ever. */
static void pump(struct mm_gather *gather)
{
	uint64_t now = now_ms(), soonest_ms = UINT64_MAX;

	while (gather->active < MM_GATHER_AT_ONCE) {
		struct asked *next = NULL;

		for (size_t i = 0; i < gather->count; i++) {
			struct asked *asked = &gather->asked[i];

			if (!asked->is_active && asked->next_ms <= now &&
				(!next || asked->next_ms < next->next_ms))
				next = asked;
		}
		if (!next)
			break;
		ask(next);
	}
	for (size_t i = 0; i < gather->count; i++)
		if (!gather->asked[i].is_active)
			soonest_ms = mm_min_u64(soonest_ms, gather->asked[i].next_ms);
	if (gather->active < MM_GATHER_AT_ONCE && soonest_ms != UINT64_MAX)
		call_after(gather->due, mm_sub_floor(soonest_ms, now));
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

/* ---- curl in the loop -------------------------------------------------------------------------- */

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct mm_gather *gather = arg;
	int mask =
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	(void)curl_multi_socket_action(gather->multi, fd, mask, &running);
	collect(gather);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mm_gather *gather = arg;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(gather->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(gather);
}

/* Curl's: it wants to hear of this socket, or no more. */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	short mask = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			     (what & CURL_POLL_OUT ? EV_WRITE : 0));
	struct mm_gather *gather = arg;
	struct event *event = socket_arg;

	(void)easy;
	if (event)
		event_free(event);
	event = what == CURL_POLL_REMOVE ? NULL
					 : event_new(gather->base, fd, mask, on_socket, gather);
	if (event)
		(void)event_add(event, NULL);
	(void)curl_multi_assign(gather->multi, fd, event);
	return 0;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct mm_gather *gather = arg;

	(void)multi;
	if (ms < 0)
		(void)event_del(gather->timer);
	else
		call_after(gather->timer, (uint64_t)ms);
	return 0;
}

/* ---- hosts ------------------------------------------------------------------------------------- */

/* "Authorization: Bearer ...", from the host's token file. */
static int add_token(struct asked *asked, const char *path, char *err, size_t err_size)
{
	struct mm_mon_tokens *tokens = NULL;
	char line[MM_MON_TOKEN_MAX + 32];
	int r = mm_mon_tokens_load(path, &tokens, err, err_size);

	if (r)
		return r;
	snprintf(line, sizeof(line), "Authorization: Bearer %s", mm_mon_tokens_first(tokens));
	asked->headers = curl_slist_append(NULL, line);
	explicit_bzero(line, sizeof(line));
	mm_mon_tokens_free(tokens);
	return asked->headers ? 0 : -ENOMEM;
}

static bool set_options(struct asked *asked, const struct mm_mon_host_entry *entry,
	const struct mm_mon_settings *settings)
{
	CURL *easy = asked->easy;
	bool is_ok;

	is_ok = !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
		!curl_easy_setopt(easy, CURLOPT_PROXY, "") && /* not from the environment */
		!curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
		!curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
		!curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms) &&
		!curl_easy_setopt(easy, CURLOPT_USERAGENT, "mmmon/" XENMM_VERSION) &&
		!curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
		!curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, mm_intake_head) &&
		!curl_easy_setopt(easy, CURLOPT_HEADERDATA, &asked->answer) &&
		!curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, mm_intake_body) &&
		!curl_easy_setopt(easy, CURLOPT_WRITEDATA, &asked->answer) &&
		!curl_easy_setopt(easy, CURLOPT_PRIVATE, asked);
	if (is_ok && *entry->ca_file)
		is_ok = !curl_easy_setopt(easy, CURLOPT_CAINFO, entry->ca_file);
	if (is_ok && asked->headers)
		is_ok = !curl_easy_setopt(easy, CURLOPT_HTTPHEADER, asked->headers);
	return is_ok;
}

static void free_asked(struct asked *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct asked *asked = &list[i];

		if (!asked->gather)
			continue; /* it did not get that far */
		if (asked->is_active) {
			(void)curl_multi_remove_handle(asked->gather->multi, asked->easy);
			asked->gather->active--;
		}
		mm_intake_drop(&asked->answer);
		if (asked->easy)
			curl_easy_cleanup(asked->easy);
		curl_slist_free_all(asked->headers);
	}
	free(list);
}

static int open_asked(
	struct mm_gather *gather, size_t index, struct asked *asked, char *err, size_t err_size)
{
	const struct mm_mon_settings *settings = gather->settings;
	const struct mm_mon_host_entry *entry = &settings->hosts[index];
	char why[300] = "";
	int r = 0;

	asked->gather = gather;
	asked->index = index;
	asked->answer.all = &gather->bytes;
	asked->easy = curl_easy_init();
	/* spread over the interval, so that they do not all answer at once; the first few soon */
	asked->next_ms =
		now_ms() + (settings->host_count > MM_GATHER_AT_ONCE
					   ? index * settings->interval_ms / settings->host_count
					   : 0);
	if (*entry->token_file)
		r = add_token(asked, entry->token_file, why, sizeof(why));
	if (!r && *entry->token_file && !strncmp(entry->url, "http:", 5))
		mm_log(MM_LOG_WARN, "host %s: its token goes over the network as it is: no https",
			entry->name);
	if (!r && (!asked->easy || !set_options(asked, entry, settings)))
		r = -ENOMEM;
	if (r)
		snprintf(err, err_size, "host %s: %s", entry->name, *why ? why : strerror(-r));
	return r;
}

int mm_gather_again(struct mm_gather *gather, char *err, size_t err_size)
{
	const struct mm_mon_settings *settings = gather->settings;
	struct asked *list = calloc(settings->host_count + 1, sizeof(*list));
	int r = list ? 0 : -ENOMEM;

	if (r)
		snprintf(err, err_size, "hosts: %s", strerror(-r));
	for (size_t i = 0; !r && i < settings->host_count; i++)
		r = open_asked(gather, i, &list[i], err, err_size);
	if (!r) {
		r = mm_hosts_set(gather->hosts, settings->hosts, settings->host_count);
		if (r)
			snprintf(err, err_size, "hosts: %s", strerror(-r));
	}
	if (r) {
		if (list)
			free_asked(list, settings->host_count);
		return r;
	}
	free_asked(gather->asked, gather->count);
	gather->asked = list;
	gather->count = settings->host_count;
	pump(gather);
	return 0;
}

int mm_gather_open(const struct mm_mon_settings *settings, struct event_base *base,
	struct mm_hosts *hosts, char *err, size_t err_size, struct mm_gather **ret_gather)
{
	struct mm_gather *gather = calloc(1, sizeof(*gather));
	int r = -ENOMEM;

	if (gather && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
		*gather = (struct mm_gather){.settings = settings, .base = base, .hosts = hosts};
		gather->timer = evtimer_new(base, on_timer, gather);
		gather->due = evtimer_new(base, on_due, gather);
		gather->multi = curl_multi_init();
	}
	if (gather && gather->timer && gather->due && gather->multi &&
		!curl_multi_setopt(gather->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) &&
		!curl_multi_setopt(gather->multi, CURLMOPT_SOCKETDATA, gather) &&
		!curl_multi_setopt(gather->multi, CURLMOPT_TIMERFUNCTION, set_timer) &&
		!curl_multi_setopt(gather->multi, CURLMOPT_TIMERDATA, gather))
		r = mm_gather_again(gather, err, err_size);
	else
		snprintf(err, err_size, "out of memory to ask hosts");
	if (r) {
		mm_gather_close(gather);
		return r;
	}
	*ret_gather = gather;
	return 0;
}

bool mm_gather_is_complete(const struct mm_gather *gather)
{
	for (size_t i = 0; i < gather->hosts->count; i++)
		if (gather->hosts->list[i].asked == 0)
			return false;
	return true;
}

void mm_gather_close(struct mm_gather *gather)
{
	if (!gather)
		return;
	free_asked(gather->asked, gather->count);
	if (gather->multi)
		(void)curl_multi_cleanup(gather->multi);
	if (gather->timer)
		event_free(gather->timer);
	if (gather->due)
		event_free(gather->due);
	curl_global_cleanup();
	free(gather);
}
