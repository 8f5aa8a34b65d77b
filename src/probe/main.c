/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmprobe: its command line, and the order of things: open, lock up, look. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/sandbox.h"
#include "probe/serve.h"
#include "vmi/xen/phys_xen.h"
#include "xenmm/units.h"

#define DOMID_MAX 0x7fef /* DOMID_FIRST_RESERVED - 1 */

struct options {
	const char *file; /* NULL: a domain */
	uint64_t below;
	uint32_t domid;
};

static void print_help(void)
{
	printf("Usage: mmprobe DOMID\n"
	       "       mmprobe --memory FILE [--below SIZE]\n"
	       "Looks into one guest's memory for the program that started it. People use mmps.\n\n"
	       "Options:\n"
	       "      --memory FILE            a guest's memory as a file, instead of a domain\n"
	       "      --below SIZE             of it below 4 GiB, or none: no hole there [as in "
	       "QEMU]\n"
	       "  -h, --help                   print this help and exit\n"
	       "  -V, --version                print the version and exit\n");
}

static int complain(const char *text, const char *word)
{
	fprintf(stderr, "mmprobe: %s '%s'\n", text, word);
	return 2;
}

static int parse_below(const char *text, uint64_t *ret_below)
{
	uint64_t kib;

	if (!strcmp(text, "none") || !strcmp(text, "all")) { /* no hole there; all of it is below */
		*ret_below = UINT64_MAX;
		return 0;
	}
	if (mm_parse_size(text, &kib) < 0 || kib == 0 || kib > MM_PHYS_MAX / 1024)
		return complain("--below: none, or a size up to 4096T, is wanted, not", text);
	*ret_below = kib * 1024;
	return 0;
}

static int parse_domid(const char *text, uint32_t *ret_domid)
{
	uint64_t number;

	/* dom0 is no guest. */
	if (mm_parse_u64(text, strlen(text), DOMID_MAX, &number) < 0 || number == 0)
		return complain("DOMID: a number from 1 to 32751 is wanted, not", text);
	*ret_domid = (uint32_t)number;
	return 0;
}

/* What is left of the command line, and what of it goes together. */
static int check_words(int argc, char **argv, struct options *options)
{
	if (!options->file && options->below)
		return complain("only a memory file has", "--below");
	if (options->file && optind < argc)
		return complain("a memory file or a domain, not both:", argv[optind]);
	if (options->file)
		return 0;
	if (optind >= argc)
		return complain("which guest? See", "mmprobe --help");
	if (optind + 1 < argc)
		return complain("one guest at a time, not also", argv[optind + 1]);
	return parse_domid(argv[optind], &options->domid);
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *ret_options)
{
	static const struct option longs[] = {{"memory", required_argument, NULL, 'm'},
		{"below", required_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "+:hV", longs, NULL)) != -1) {
		if (c == 'h') {
			print_help();
			return 0;
		}
		if (c == 'V') {
			printf("mmprobe (xenmm) %s\n", XENMM_VERSION);
			return 0;
		}
		if (c == ':')
			return complain("a value is missing behind", argv[optind - 1]);
		if (c == 'm')
			ret_options->file = optarg;
		else if (c != 'b')
			return complain("unknown option; see mmprobe --help:", argv[optind - 1]);
		else if (parse_below(optarg, &ret_options->below))
			return 2;
	}
	return check_words(argc, argv, ret_options) ? 2 : -1;
}

static enum mm_vmi_reason open_file(const struct options *options, struct mm_phys **ret_phys)
{
	int r = mm_phys_file_open(options->file, options->below, ret_phys);

	if (r < 0)
		fprintf(stderr, "mmprobe: %s: %s\n", options->file, strerror(-r));
	if (r == -ENOENT)
		return MM_VMI_GONE;
	if (r == -ENOMEM)
		return MM_VMI_LIMIT;
	if (r == -ENODATA || r == -EINVAL) /* less than a page, or no regular file */
		return MM_VMI_NOT_LINUX;
	return r < 0 ? MM_VMI_NO_ACCESS : MM_VMI_OK;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct mm_sandbox needs = {0};
	struct mm_phys *phys = NULL;
	enum mm_vmi_reason reason;
	int r = parse_options(argc, argv, &options);

	if (r >= 0)
		return fflush(stdout) ? 1 : r;
	if (isatty(STDOUT_FILENO))
		return complain("this is for programs, not for a terminal; people use", "mmps");
	if (options.file) {
		reason = open_file(&options, &phys);
		needs.reads_file = true;
	} else {
		reason = mm_phys_xen_open(options.domid, &phys);
		needs.ioctls = mm_phys_xen_ioctls(&needs.ioctl_count);
	}
	r = mm_sandbox_enter(&needs);
	if (r < 0) {
		fprintf(stderr, "mmprobe: the sandbox does not close: %s\n", strerror(-r));
		return 1;
	}
	/* Not exit(): what runs at the end, of libraries and sanitizers, is not allowed any more. */
	_exit(mm_probe_serve(phys, reason));
}
