/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading what decides about autoballoon. See autoballoon.h. */
#include "autoballoon.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#define KEY   "autoballoon"
#define BLANK " \t"

/* What xl (tools/xl/xl.c) and libvirt (libxl_conf.c) both look for; anything else is no dom0_mem= to them. */
#define FIXED "(^| )dom0_mem=((|min:|max:)[0-9]+[bBkKmMgG]?,?)+($| )"

bool mm_autoballoon_is_fixed(const char *cmdline)
{
	regex_t fixed;
	bool is_fixed;

	/* fails only for want of memory: then better no warning than a wrong one */
	if (regcomp(&fixed, FIXED, REG_EXTENDED | REG_NOSUB))
		return true;
	is_fixed = !regexec(&fixed, cmdline, 0, NULL, 0);
	regfree(&fixed);
	return is_fixed;
}

static enum mm_autoballoon_setting parse_value(const char *value, size_t len)
{
	static const struct {
		const char *word;
		enum mm_autoballoon_setting setting;
	} words[] = {
		{"on", MM_AUTOBALLOON_ON},
		{"1", MM_AUTOBALLOON_ON},
		{"off", MM_AUTOBALLOON_OFF},
		{"0", MM_AUTOBALLOON_OFF},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && !strncmp(value, words[i].word, len))
			return words[i].setting;
	return MM_AUTOBALLOON_AUTO;
}

/* A line of the form key = value; the value may stand in quotes. Others leave *setting as it is. */
static void parse_line(const char *line, enum mm_autoballoon_setting *setting)
{
	line += strspn(line, BLANK);
	if (strncmp(line, KEY, strlen(KEY)) != 0)
		return;
	line += strlen(KEY);
	line += strspn(line, BLANK);
	if (*line++ != '=')
		return;
	line += strspn(line, BLANK "\"'");
	*setting = parse_value(line, strcspn(line, BLANK "\"'#;\r\n"));
}

enum mm_autoballoon_setting mm_autoballoon_parse(const char *conf)
{
	enum mm_autoballoon_setting setting = MM_AUTOBALLOON_AUTO;

	while (*conf) {
		parse_line(conf, &setting);
		conf += strcspn(conf, "\n");
		conf += *conf == '\n';
	}
	return setting;
}

static bool is_on(enum mm_autoballoon_setting setting, const struct mm_autoballoon *facts)
{
	return setting == MM_AUTOBALLOON_ON ||
	       (setting == MM_AUTOBALLOON_AUTO && !facts->has_dom0_mem);
}

bool mm_autoballoon_warning(const struct mm_autoballoon *facts, char *buf, size_t size)
{
	bool xl = is_on(facts->xl, facts);
	bool libvirt = facts->has_libvirt && is_on(facts->libvirt, facts);
	bool is_told = (xl && facts->xl == MM_AUTOBALLOON_ON) ||
		       (libvirt && facts->libvirt == MM_AUTOBALLOON_ON);

	if (!xl && !libvirt)
		return false;
	snprintf(buf, size,
		"%s%s%s will take dom0's memory for new guests (autoballoon): put %s%s%s%s",
		xl ? "xl" : "", xl && libvirt ? " and " : "", libvirt ? "libvirt" : "",
		is_told ? "" : "dom0_mem=SIZE,max:SIZE on Xen's command line, or ",
		xl ? "autoballoon=\"off\" in /etc/xen/xl.conf" : "", xl && libvirt ? " and " : "",
		libvirt ? "autoballoon = 0 in /etc/libvirt/libxl.conf" : "");
	return true;
}
