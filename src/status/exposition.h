/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the lines of Prometheus' text format 0.0.4 and of OpenMetrics 1.0: what stands before a family, labels escaped,
 * numbers in decimal. Knows the form, not the metrics. Without memory it goes on and says so at the end.
 */
#ifndef XENMM_EXPOSITION_H
#define XENMM_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mm_metric_type {
	MM_METRIC_GAUGE,
	MM_METRIC_COUNTER,
	MM_METRIC_HISTOGRAM,
	MM_METRIC_INFO, /* a gauge in the text format */
};

/* Zeroed but for is_open_metrics: empty. */
struct mm_exposition {
	bool is_open_metrics;
	bool is_failed; /* there was no memory */
	char *text;
	size_t len, capacity;
};

/*
 * Starts a family: its lines HELP and TYPE, and in OpenMetrics UNIT (NULL: it has none). `name` is that of its samples
 * ("xenmm_rounds_total"), of a histogram without "_bucket".
 */
void mm_exposition_family(struct mm_exposition *out, const char *name, enum mm_metric_type type,
	const char *unit, const char *help);

/* A sample: begin, its labels, value. Begins with name and suffix ("" or "_bucket"). */
void mm_exposition_begin(struct mm_exposition *out, const char *name, const char *suffix);

/* A label; escapes the value. */
void mm_exposition_label(struct mm_exposition *out, const char *name, const char *value);

/* The value, of which the last `decimals` digits (at most 6) stand behind the point: 1500, 3 is 1.5. */
void mm_exposition_value(struct mm_exposition *out, uint64_t value, unsigned decimals);

/* A number in that form, as text ("0.0001", "1.0"); always with a point, as labels "le" are to have. Returns buf. */
#define MM_DECIMAL_MAX 24
char *mm_exposition_decimal(char buf[MM_DECIMAL_MAX], uint64_t value, unsigned decimals);

/* Ends the text; to be freed by the caller. NULL without memory. *out is empty then. */
char *mm_exposition_end(struct mm_exposition *out, size_t *ret_len);

#endif
