/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mmmon goes by. One table drives command line, configuration file and --help. Pure: text in, values or a line of
 * complaint out.
 */
#ifndef XENMM_MON_SETTINGS_H
#define XENMM_MON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ini_text.h"

#define MM_MON_CLIENT_DEFAULT	  "127.0.0.1:9092"
#define MM_MON_CONTROLLER_DEFAULT "127.0.0.1:9093"

#define MM_MON_HOSTS_MAX  1000 /* that a controller gathers */
#define MM_MON_MEMORY_MAX 64   /* memory files */
#define MM_MON_NAME_MAX	  64   /* of a host or memory file, with the terminator */
#define MM_MON_TEXT_MAX	  (MM_INI_LINE_MAX + 1)

/* A host whose mmmon is asked. */
struct mm_mon_host_entry {
	char name[MM_MON_NAME_MAX];
	char url[MM_MON_TEXT_MAX]; /* "https://dom0.example:9092" */
	char token_file[MM_MON_TEXT_MAX];
	char ca_file[MM_MON_TEXT_MAX];
	size_t line; /* of its section */
};

/* A memory file that is looked into instead of domains. */
struct mm_mon_memory {
	char name[MM_MON_NAME_MAX];
	char file[MM_MON_TEXT_MAX];
};

struct mm_mon_settings {
	bool is_controller;
	bool with_processes;
	bool is_insecure;
	bool is_verbose;
	char listen[MM_MON_TEXT_MAX]; /* "": the default of the mode */
	char token_file[MM_MON_TEXT_MAX];
	char tls_cert[MM_MON_TEXT_MAX];
	char tls_key[MM_MON_TEXT_MAX];
	uint64_t interval_ms;
	uint64_t stale_ms;   /* 0: three intervals */
	uint64_t timeout_ms; /* controller: of a host's answer */
	uint64_t top;	     /* processes of a guest in the metrics */
	struct mm_mon_memory *memory;
	size_t memory_count;
	struct mm_mon_host_entry *hosts;
	size_t host_count;
};

enum mm_mon_type { MM_MON_FLAG, MM_MON_TEXT, MM_MON_DURATION, MM_MON_NUMBER, MM_MON_LIST };

struct mm_mon_setting {
	const char *name, *arg, *help;
	char letter; /* 0: none */
	enum mm_mon_type type;
	bool is_fixed; /* needs a restart */
	size_t offset;
	uint64_t min, max;
};

/* Row i of the table; NULL past the last. */
const struct mm_mon_setting *mm_mon_setting(size_t i);

/* Its name, for suggestions. */
const char *mm_mon_setting_name(size_t i);

/* The defaults. */
void mm_mon_settings_init(struct mm_mon_settings *settings);
void mm_mon_settings_free(struct mm_mon_settings *settings);

/* What it listens on. */
const char *mm_mon_listen(const struct mm_mon_settings *settings);

/* After so long without a sample a figure is stale, ms. */
uint64_t mm_mon_stale_ms(const struct mm_mon_settings *settings);

/* Sets one; of a flag "yes" or "no". Returns 0; -EINVAL, -ENOMEM and a line in err. */
int mm_mon_set(struct mm_mon_settings *settings, const struct mm_mon_setting *setting,
	const char *value, char *err, size_t err_size);

/* Reads a file's text over *settings, which is only good for freeing where it fails: -EINVAL and *ret_fault. */
int mm_mon_read(struct mm_mon_settings *settings, const char *text, size_t len,
	struct mm_ini_fault *ret_fault);

/* Settings against each other: an address that others reach needs TLS and tokens. Returns 0, or -EINVAL and a line in err. */
int mm_mon_check(const struct mm_mon_settings *settings, char *err, size_t err_size);

/* The names, ", " between them, of what is different; in *ret_fixed of what needs a restart. */
void mm_mon_compare(const struct mm_mon_settings *then, const struct mm_mon_settings *now,
	char ret_changed[256], char ret_fixed[256]);

/* What needs a restart stays in *now as it was *then; of memory files, ownership goes along. */
void mm_mon_keep_fixed(struct mm_mon_settings *now, struct mm_mon_settings *then);

#endif
