/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What tests/unit/fake_mmprobe does: its DOMID says it, because a probe gets no other word and no environment. */
#ifndef XENMM_TESTS_FAKE_MMPROBE_H
#define XENMM_TESTS_FAKE_MMPROBE_H

enum fake_kind {
	FAKE_WELL = 1, /* three processes to every question; also for every memory file */
	FAKE_ENDS,     /* at once */
	FAKE_DIES,     /* when asked, in the middle of its answer */
	FAKE_HANGS,    /* never answers */
	FAKE_NONSENSE, /* answers, but not in the format */
	FAKE_SLOW,     /* a byte at a time */
	FAKE_FLOODS,   /* never stops to talk */
	FAKE_UNASKED,  /* talks before it is asked */
	FAKE_NO_BTF,   /* says why not, and ends */
	FAKE_TOO_MUCH, /* processes that nobody asked for */
	FAKE_FULL,     /* as many processes as there may be */
	FAKE_ONCE,     /* answers once, then ends */
	FAKE_LOOKS_ROUND, /* uid of its process: open descriptors; threads: variables of its environment */
	FAKE_FUTURE,	   /* its clock is wrong */
	FAKE_CLOSES_INPUT, /* reads one question, closes its standard input, answers, and stays */
};

#endif
