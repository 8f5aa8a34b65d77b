/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One table says what each request may and must carry; what it does not know is refused. */
#include "request.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "journal.h"
#include "xenmm/units.h"

#define FIELDS_MAX 7
#define TIME_MAX_MS                                                                                \
	UINT64_C(9000000000000000) /* doubles in JavaScript hold it, and then some centuries */

enum field_type { FIELD_NUMBER, FIELD_SIGNED, FIELD_TEXT, FIELD_FLAG };

struct field {
	const char *name; /* NULL: the end */
	enum field_type type;
	bool is_required;
	size_t offset;	   /* in struct mm_request */
	uint64_t min, max; /* of a number; of a signed one its amount */
};

#define AT(member) offsetof(struct mm_request, member)

static const struct request_row {
	const char *name;
	struct field fields[FIELDS_MAX];
} rows[MM_REQUEST_COUNT] = {
	[MM_REQUEST_STATUS] = {"status", {{0}}},
	[MM_REQUEST_WHY] = {"why",
		{{"guest", FIELD_TEXT, true, AT(guest), 0, 0},
			{"count", FIELD_NUMBER, false, AT(count), 1, MM_DECISIONS_KEPT}}},
	[MM_REQUEST_HISTORY] = {"history",
		{{"guest", FIELD_TEXT, false, AT(guest), 0, 0},
			{"since", FIELD_SIGNED, false, AT(since), 0, TIME_MAX_MS}}},
	[MM_REQUEST_DECISIONS] = {"decisions",
		{{"guest", FIELD_TEXT, false, AT(guest), 0, 0},
			{"since", FIELD_NUMBER, false, AT(since), 0, TIME_MAX_MS},
			{"count", FIELD_NUMBER, false, AT(count), 1, MM_DECISIONS_FEED}}},
	[MM_REQUEST_LEASES] = {"leases", {{0}}},
	[MM_REQUEST_RESERVE] = {"reserve",
		{{"kib", FIELD_NUMBER, true, AT(kib), 1, MM_SIZE_MAX_KIB},
			{"guest", FIELD_TEXT, false, AT(guest), 0, 0},
			{"wait_ms", FIELD_NUMBER, false, AT(wait_ms), 0, MM_WAIT_MAX_MS},
			{"hold_ms", FIELD_NUMBER, false, AT(hold_ms), 1000, MM_HOLD_MAX_MS},
			{"tied", FIELD_FLAG, false, AT(is_tied), 0, 0},
			{"tell", FIELD_FLAG, false, AT(is_told_of_wait), 0, 0}}},
	[MM_REQUEST_RELEASE] = {"release", {{"id", FIELD_NUMBER, false, AT(id), 1, UINT32_MAX},
						   {"guest", FIELD_TEXT, false, AT(guest), 0, 0}}},
	[MM_REQUEST_PAUSE] = {"pause", {{0}}},
	[MM_REQUEST_RESUME] = {"resume", {{0}}},
};

/* Quoted text came from the client: what it writes must not look like something else in a log or terminal. */
static void keep_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static int take_number(
	const struct field *field, const json_t *value, void *into, char *err, size_t n)
{
	json_int_t number = json_integer_value(value);
	uint64_t checked = (uint64_t)number;

	if (!json_is_integer(value)) {
		snprintf(err, n, "'%s' must be a whole number", field->name);
		return -EINVAL;
	}
	if (field->type == FIELD_SIGNED && number < 0)
		checked = 0 - checked;
	else if (number < 0)
		checked = UINT64_MAX;
	if (checked < field->min || checked > field->max) {
		snprintf(err, n, "'%s' must be from %" PRIu64 " to %" PRIu64 ", not %lld",
			field->name, field->min, field->max, (long long)number);
		return -ERANGE;
	}
	memcpy(into, &number, sizeof(number));
	return 0;
}

static int take_text(
	const struct field *field, const json_t *value, char *into, char *err, size_t n)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (!text || len == 0 || len >= MM_NAME_MAX || strlen(text) != len) {
		snprintf(err, n, "'%s' must be a text of 1 to %d characters", field->name,
			MM_NAME_MAX - 1);
		return -EINVAL;
	}
	mm_name_copy(into, text, len); /* as names of guests are in the snapshot */
	return 0;
}

static int take_field(const struct field *field, const json_t *value, struct mm_request *request,
	char *err, size_t n)
{
	char *into = (char *)request + field->offset;

	switch (field->type) {
	case FIELD_NUMBER:
	case FIELD_SIGNED:
		return take_number(field, value, into, err, n);
	case FIELD_TEXT:
		return take_text(field, value, into, err, n);
	case FIELD_FLAG:
		if (json_is_boolean(value)) {
			*(bool *)into = json_is_true(value);
			return 0;
		}
		break;
	}
	snprintf(err, n, "'%s' must be true or false", field->name);
	return -EINVAL;
}

static const struct field *find_field(const struct request_row *row, const char *name)
{
	for (const struct field *field = row->fields; field->name; field++)
		if (!strcmp(field->name, name))
			return field;
	return NULL;
}

static int take_fields(const struct request_row *row, json_t *object, struct mm_request *request,
	char *err, size_t n)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const struct field *field = find_field(row, name);
		int r;

		if (!strcmp(name, "request") || !strcmp(name, "version"))
			continue;
		if (!field) {
			snprintf(err, n, "'%s' takes no '%s'", row->name, name);
			return -EINVAL;
		}
		r = take_field(field, value, request, err, n);
		if (r)
			return r;
	}
	for (const struct field *field = row->fields; field->name; field++)
		if (field->is_required && !json_object_get(object, field->name)) {
			snprintf(err, n, "'%s' needs '%s'", row->name, field->name);
			return -EINVAL;
		}
	return 0;
}

static int find_row(json_t *object, size_t *ret_row, char *err, size_t n)
{
	const json_t *version = json_object_get(object, "version");
	const char *name = json_string_value(json_object_get(object, "request"));

	if (version && json_integer_value(version) != MM_STATUS_VERSION) {
		snprintf(err, n, "'version' must be %d", MM_STATUS_VERSION);
		return -EINVAL;
	}
	if (!name) {
		snprintf(err, n, "a request must be an object with a text 'request'");
		return -EINVAL;
	}
	for (size_t i = 0; i < MM_REQUEST_COUNT; i++)
		if (!strcmp(name, rows[i].name)) {
			*ret_row = i;
			return 0;
		}
	snprintf(err, n, "there is no request '%s'", name);
	return -EINVAL;
}

/* A lease is named by its number, or by the guest that it is for. */
static int check_release(const struct mm_request *request, char *err, size_t n)
{
	bool has_id = request->id != 0, has_guest = request->guest[0] != '\0';

	if (request->kind != MM_REQUEST_RELEASE || has_id != has_guest)
		return 0;
	snprintf(err, n, "'release' needs 'id' or 'guest'%s", has_id ? ", not both" : "");
	return -EINVAL;
}

int mm_request_parse(const char *untrusted_line, size_t len, struct mm_request *ret_request,
	char *err, size_t err_size)
{
	struct mm_request request = {
		.count = MM_DECISIONS_KEPT,
		.hold_ms = MM_HOLD_DEFAULT_MS,
	};
	json_error_t error;
	json_t *object = len <= MM_REQUEST_MAX
				 ? json_loadb(untrusted_line, len, JSON_REJECT_DUPLICATES, &error)
				 : NULL;
	size_t row = 0;
	int r = -EINVAL;

	if (len > MM_REQUEST_MAX)
		snprintf(err, err_size, "a request has at most %" PRIu32 " bytes", MM_REQUEST_MAX);
	else if (!object)
		snprintf(err, err_size, "not JSON: %s", error.text);
	else
		r = find_row(object, &row, err, err_size);
	if (r == 0) {
		request.kind = (enum mm_request_kind)row;
		if (request.kind == MM_REQUEST_HISTORY)
			request.since = -MM_HISTORY_DEFAULT_MS;
		if (request.kind == MM_REQUEST_DECISIONS)
			request.count = MM_FEED_DEFAULT;
		r = take_fields(&rows[row], object, &request, err, err_size);
	}
	if (r == 0)
		r = check_release(&request, err, err_size);
	json_decref(object);
	if (r)
		keep_printable(err);
	else
		*ret_request = request;
	return r;
}
