/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What exporter.c (the text as a whole) and its tables of families share: export_service.c, export_guests.c. */
#ifndef XENMM_MON_EXPORTER_PRIVATE_H
#define XENMM_MON_EXPORTER_PRIVATE_H

#include "exposition.h"
#include "monitor/service/exporter.h"
#include "monitor/text.h"
#include "xenmm/snapshot.h"

enum mm_export_unit {
	MM_EXPORT_NONE,
	MM_EXPORT_KIB,
	MM_EXPORT_MS,
	MM_EXPORT_US,
	MM_EXPORT_MILLI,
	MM_EXPORT_PAGES,
};

struct mm_export_writer;

struct mm_export_family {
	const char *name;
	enum mm_metric_type type;
	enum mm_export_unit unit;
	void (*write)(struct mm_export_writer *w, const struct mm_export_family *family);
	size_t figure; /* which one: where it lies in struct mm_counters, or the writer's own number */
	const char *help;
};

/* Processes of one name in a guest. */
struct mm_export_name {
	char name[MM_TEXT_SIZE(
		MM_COMM_LEN)];	 /* as in the label: two names may look the same there */
	uint64_t rss_kib, share; /* 1/100 of a per cent of one CPU */
};

struct mm_export_writer {
	struct mm_exposition out;
	const struct mm_export *export;
	struct mm_mon_guest *guests;
	size_t count;
	struct mm_export_name *names; /* `top` for each guest */
	size_t *name_counts;
};

/* Row i of a table, in the order of the text; NULL past the last. */
const struct mm_export_family *mm_export_of_service(size_t i);
const struct mm_export_family *mm_export_of_guests(size_t i);

/* Ends a sample: its value, in the family's unit. */
void mm_export_value(
	struct mm_export_writer *w, const struct mm_export_family *family, uint64_t value);

/* Begins a sample of a guest, whom its uuid names. */
void mm_export_guest(struct mm_export_writer *w, const struct mm_export_family *family,
	const struct mm_mon_guest *seen);

/* A label whose value somebody else chose; NULL: empty. */
void mm_export_label(struct mm_export_writer *w, const char *name, const char *value);

/* Whether it can be read, and was lately. */
bool mm_export_is_readable(const struct mm_mon_guest *seen);

#endif
