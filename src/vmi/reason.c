/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a guest cannot be read, in a word and in a sentence. */
#include "vmi/vmi.h"

static const struct {
	const char *name, *text;
} reasons[MM_VMI_REASON_COUNT] = {
	[MM_VMI_OK] = {"ok", "readable"},
	[MM_VMI_NOT_BOOTED] = {"not-booted",
		"its kernel is not up yet: try again in a few seconds"},
	[MM_VMI_POD] = {"populate-on-demand", "it was started with less memory than its maximum, "
					      "so it cannot be searched, and the page table in "
					      "use shows no Linux kernel: try again when it is up"},
	[MM_VMI_NOT_LINUX] = {"not-linux",
		"no Linux kernel found in its memory (Windows, BSD or firmware?)"},
	[MM_VMI_NO_SYMBOLS] = {"no-symbols",
		"its Linux kernel has no symbol table that can be found (CONFIG_KALLSYMS)"},
	[MM_VMI_NO_BTF] = {"no-btf",
		"its Linux kernel carries no type information (CONFIG_DEBUG_INFO_BTF)"},
	[MM_VMI_UNSUPPORTED] = {"unsupported",
		"its Linux kernel is of a form not known here (5.10 to 6.12 are)"},
	[MM_VMI_ENCRYPTED] = {"encrypted", "its memory is encrypted"},
	[MM_VMI_DAMAGED] = {"damaged",
		"its memory makes no sense (any more): rebooting, or not to be trusted"},
	[MM_VMI_LIMIT] = {"limit",
		"looking into it took more memory, reads or time than is allowed"},
	[MM_VMI_NO_ACCESS] = {"no-access", "mapping its memory is not permitted: root in dom0 may"},
	[MM_VMI_GONE] = {"gone", "there is no such guest (any more)"},
};

const char *mm_vmi_reason_name(enum mm_vmi_reason reason)
{
	return reason < MM_VMI_REASON_COUNT ? reasons[reason].name : "?";
}

const char *mm_vmi_reason_text(enum mm_vmi_reason reason)
{
	return reason < MM_VMI_REASON_COUNT ? reasons[reason].text : "?";
}
