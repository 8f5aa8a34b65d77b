/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a guest tells dom0 about its memory, and the only code that turns a guest's bytes into values.
 * mmclient formats with it, mmserver parses with it; nothing here does I/O.
 *
 * The record is one line in one xenstore node, so that it is atomic without a transaction:
 *
 *	1 seq=17 up=83250 tot=196608 free=51200 avail=120000 cur=262144 mov=0 swt=524284 swf=524284
 *	si=0 so=0 mf=211 ra=0 rf=12 ps=1500 pf=0
 *
 * (in one line). The first word is the version; one space stands between words. Unknown keys are skipped
 * with whatever visible text is their value, so that a newer agent can talk to an older server; a known key
 * that is given twice, or whose value is not plain decimal, spoils the record. ps and pf come together, or
 * not at all where the kernel has no PSI.
 */
#ifndef XENMM_GUEST_PROTO_H
#define XENMM_GUEST_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_PROTO_VERSION 1

/* xenstored allows a node 2,048 bytes in all; a record stays well below it. */
#define MM_RECORD_MAX 512

/* Largest counter or clock in a record: beyond it a JSON reader in JavaScript would lose digits. */
#define MM_COUNTER_MAX (UINT64_C(1) << 53)

/* Keys below the guest's own directory, /local/domain/ID. */
#define MM_KEY_RECORD	"data/xenmm"
#define MM_KEY_FREE	"memory/free"
#define MM_KEY_TOT	"memory/tot"
#define MM_KEY_XS_FREE	"data/meminfo_free" /* XenServer's and XCP-ng's guest agents */
#define MM_KEY_XS_TOTAL "data/meminfo_total"

/* Who reported. Higher wins when a guest has several. */
enum mm_source {
	MM_SOURCE_NONE,
	MM_SOURCE_XENSERVER,	 /* data/meminfo_free, data/meminfo_total; every 60 s */
	MM_SOURCE_SEED,		 /* memory/free, memory/tot alone; every second */
	MM_SOURCE_INTROSPECTION, /* no agent's word: its kernel's counters, read from outside */
	MM_SOURCE_XENMM,	 /* the record */
	MM_SOURCE_COUNT
};

/* One sample of a guest's memory, validated. Sizes KiB; counters since the guest's boot. */
struct mm_report {
	enum mm_source source;
	uint64_t seq;	    /* rises by one with every write; 0 where the source has none */
	uint64_t uptime_ms; /* guest's clock at the sample; 0 unknown */
	uint64_t total_kib; /* MemTotal */
	uint64_t free_kib;  /* MemFree */
	uint64_t avail_kib; /* MemAvailable, or its estimate; never above total_kib */
	uint64_t
		balloon_kib; /* the balloon's current_kb, the larger of before and after; 0 unknown */
	bool is_moving;	     /* current_kb differed before and after: the balloon was at work */
	uint64_t swap_total_kib;
	uint64_t swap_free_kib;
	uint64_t swapin_pages;
	uint64_t swapout_pages;
	uint64_t majfaults;
	uint64_t refault_anon;
	uint64_t refault_file;
	uint64_t psi_some_us; /* stall totals of /proc/pressure/memory */
	uint64_t psi_full_us;
	bool has_psi;
};

/*
 * Parses an untrusted record of `len` bytes (not necessarily terminated, may hold any byte). On success
 * fills *ret_report, with source MM_SOURCE_XENMM. Checked: length, version, form, ranges
 * (sizes <= MM_SIZE_MAX_KIB, the rest <= MM_COUNTER_MAX), free <= total, avail <= total, total > 0,
 * swap_free <= swap_total; seq, tot, free and avail must be there. Returns 0, -EINVAL, -ERANGE, -EMSGSIZE (longer than MM_RECORD_MAX) or
 * -EPROTONOSUPPORT (another version). *ret_report is untouched on failure.
 */
int mm_report_parse(const char *untrusted_text, size_t len, struct mm_report *ret_report);

/*
 * The same for two plain numbers, as the first xenmm (source MM_SOURCE_SEED) and XenServer's agent
 * (MM_SOURCE_XENSERVER) write them: KiB, decimal. A free above total is refused.
 */
int mm_report_parse_pair(enum mm_source source, const char *untrusted_free, size_t free_len,
	const char *untrusted_tot, size_t tot_len, struct mm_report *ret_report);

/*
 * Formats a record into buf, terminated; MM_RECORD_MAX bytes hold every record. The source is not part of
 * it. Returns its length, -ENOSPC, or -ERANGE for a report that would not parse (the checks above).
 */
int mm_report_format(const struct mm_report *report, char *buf, size_t size);

const char *mm_source_name(enum mm_source source);

/*
 * Whether a report says more than that its guest lives: a size that moved by 1 MiB or a 128th (what
 * mmclient takes for a change), any stall, swapping, or cache that came back.
 */
bool mm_report_is_news(const struct mm_report *before, const struct mm_report *after);

#endif
