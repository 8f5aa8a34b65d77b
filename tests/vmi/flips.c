/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flips IMAGE RUNS SEED: opens a guest's memory image RUNS times, each time with some bits of it flipped: in the
 * vmcoreinfo page, kallsyms, BTF, page tables, the pages of tasks, anywhere. Each look is a process of its own, so that a crash
 * or a hang is seen. IMAGE is written to and put right again; its memory must lie below the hole for devices.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmi/vmi.h"

#define FLIPS_MAX    4096
#define HANG_SECONDS 60 /* a whole look takes 5 s at the very worst */
#define PAGES_MAX    16384
#define INSANE	     99
#define KERNEL_MAP   UINT64_C(0xffffffff80000000)

/* The pages that one kind of damage hits. */
struct region {
	const char *name;
	uint64_t *pages;
	size_t count;
	unsigned runs, listed, refused, crashed, hung, insane;
	double worst_s;
};

struct image {
	int fd;
	uint8_t *data;
	uint64_t size, phys_base;
	const char *info; /* the text of vmcoreinfo */
	uint64_t info_at;
};

enum { VMCOREINFO, KALLSYMS, BTF, TABLES, TASKS, ANYWHERE, REGIONS };

static uint64_t state;

/* xorshift64*: the same everywhere for the same seed. */
static uint64_t next_random(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

static void add_page(struct region *r, const struct image *image, uint64_t addr)
{
	if (addr >= image->size || r->count == PAGES_MAX)
		return;
	r->pages[r->count++] = addr & ~(MM_PAGE_SIZE - 1);
}

static bool find_info(struct image *image)
{
	for (uint64_t at = 0; at < image->size; at += MM_PAGE_SIZE) {
		const char *text = (const char *)image->data + at, *base;

		if (memcmp(text, "OSRELEASE=", 10) != 0 || !memchr(text, '\0', MM_PAGE_SIZE))
			continue;
		base = strstr(text, "NUMBER(phys_base)=");
		if (!base)
			continue;
		image->info = text;
		image->info_at = at;
		image->phys_base = strtoull(base + 18, NULL, 10);
		return true;
	}
	return false;
}

/* Where a symbol named in vmcoreinfo is in the image; 0: it is not named. */
static uint64_t symbol(const struct image *image, const char *name)
{
	char key[64];
	const char *at;

	snprintf(key, sizeof(key), "SYMBOL(%s)=", name);
	at = strstr(image->info, key);
	return at ? strtoull(at + strlen(key), NULL, 16) - KERNEL_MAP + image->phys_base : 0;
}

/* The kernel's page tables below `table`, depth first. */
static void add_tables(struct region *r, const struct image *image, uint64_t table, int levels)
{
	const uint64_t *entries;

	if (!table || table + MM_PAGE_SIZE > image->size || r->count > PAGES_MAX / 2)
		return;
	/* The few upper tables as often as the many lowest ones. */
	for (int i = 0; i < (levels > 1 ? 64 : 1); i++)
		add_page(r, image, table);
	entries = (const uint64_t *)(const void *)(image->data + table);
	for (int i = 511; i >= 0 && levels > 1; i--)
		if ((entries[i] & 1) && !(entries[i] & 0x80))
			add_tables(r, image, entries[i] & UINT64_C(0xffffffffff000), levels - 1);
}

static void find_btf(struct region *r, const struct image *image)
{
	static const uint8_t head[] = {0x9f, 0xeb, 1, 0, 24, 0, 0, 0};
	const uint8_t *at = image->data, *end = image->data + image->size;

	while ((at = memmem(at, (size_t)(end - at), head, sizeof(head)))) {
		uint32_t lengths[4];

		memcpy(lengths, at + sizeof(head), sizeof(lengths));
		/* The kernel's own, not a module's: megabytes. */
		for (uint64_t i = 0; lengths[1] > (1 << 20) && i < lengths[1] + lengths[3];
			i += 7 * MM_PAGE_SIZE)
			add_page(r, image, (uint64_t)(at - image->data) + i);
		if (lengths[1] > (1 << 20))
			for (int i = 0; i < 200; i++) /* the header's page as often as the rest */
				add_page(r, image, (uint64_t)(at - image->data));
		at++;
	}
}

static void find_tasks(struct region *r, const struct image *image)
{
	static const char *const names[] = {"exactly15bytes.", "swapper/0", "kthreadd"};

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		const uint8_t *at = image->data, *end = image->data + image->size;

		while ((at = memmem(at, (size_t)(end - at), names[n], strlen(names[n]) + 1))) {
			add_page(r, image, (uint64_t)(at - image->data));
			add_page(r, image, (uint64_t)(at - image->data) - MM_PAGE_SIZE);
			at++;
		}
	}
}

static void find_regions(struct region r[REGIONS], const struct image *image)
{
	static const char *const tables[] = {"kallsyms_names", "kallsyms_token_table",
		"kallsyms_token_index", "kallsyms_offsets", "kallsyms_num_syms",
		"kallsyms_relative_base"};
	uint64_t root = symbol(image, "swapper_pg_dir");

	add_page(&r[VMCOREINFO], image, image->info_at);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (uint64_t page = 0; page < 40 && symbol(image, tables[i]); page++)
			add_page(&r[KALLSYMS], image,
				symbol(image, tables[i]) + page * MM_PAGE_SIZE);
	find_btf(&r[BTF], image);
	add_tables(&r[TABLES], image, root ? root : symbol(image, "init_top_pgt"),
		strstr(image->info, "NUMBER(pgtable_l5_enabled)=1") ? 5 : 4);
	find_tasks(&r[TASKS], image);
}

/* In the child: one look, as a program would do it. The status is the reason. */
static int look(const char *path)
{
	struct mm_sample sample = {0};
	struct mm_phys *phys;
	struct mm_vmi *vmi = NULL;
	enum mm_vmi_reason reason;

	alarm(HANG_SECONDS);
	if (mm_phys_file_open(path, UINT64_MAX, &phys) < 0)
		return INSANE;
	reason = mm_vmi_open(phys, &vmi);
	for (int i = 0; i < 3 && reason == MM_VMI_OK; i++) {
		reason = mm_vmi_sample(vmi, true, &sample);
		if (!mm_sample_is_sane(&sample))
			reason = INSANE;
		mm_sample_free(&sample);
	}
	mm_vmi_free(vmi);
	phys->ops->close(phys);
	return (int)reason;
}

static void run_once(const char *path, struct region *r)
{
	struct rusage usage;
	double seconds;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(look(path));
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		abort();
	seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	if (seconds > r->worst_s)
		r->worst_s = seconds;
	r->runs++;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		r->hung++;
	else if (!WIFEXITED(status) || WEXITSTATUS(status) > INSANE)
		r->crashed++;
	else if (WEXITSTATUS(status) == INSANE)
		r->insane++;
	else if (WEXITSTATUS(status) == MM_VMI_OK)
		r->listed++;
	else
		r->refused++;
}

/* Flips, looks, and puts all right again. */
static void damage(const char *path, struct image *image, struct region *r)
{
	unsigned flips = 1u << (next_random() % 13); /* 1 to FLIPS_MAX */
	struct {
		uint64_t at;
		uint8_t was;
	} done[FLIPS_MAX];

	for (unsigned i = 0; i < flips; i++) {
		uint64_t at =
			r->count ? r->pages[next_random() % r->count] + next_random() % MM_PAGE_SIZE
				 : next_random() % image->size;

		done[i].at = at;
		done[i].was = image->data[at];
		image->data[at] ^= (uint8_t)(1u << (next_random() % 8));
	}
	run_once(path, r);
	while (flips-- > 0)
		image->data[done[flips].at] = done[flips].was;
}

static int report(struct region r[REGIONS], unsigned first)
{
	unsigned bad = 0, listed = 0;

	printf("%-11s %5s %7s %8s %8s %5s %7s %12s\n", "flips in", "runs", "listed", "refused",
		"crashed", "hung", "insane", "worst CPU s");
	for (int i = 0; i < REGIONS; i++) {
		printf("%-11s %5u %7u %8u %8u %5u %7u %12.2f\n", r[i].name, r[i].runs, r[i].listed,
			r[i].refused, r[i].crashed, r[i].hung, r[i].insane, r[i].worst_s);
		bad += r[i].crashed + r[i].hung + r[i].insane;
		listed += r[i].listed;
		if (!r[i].count && i != ANYWHERE) {
			printf("FAILED: no %s in this image\n", r[i].name);
			bad++;
		}
	}
	if (first != MM_VMI_OK || !listed)
		printf("FAILED: the image is not readable undamaged\n");
	return bad || first != MM_VMI_OK || !listed;
}

static int open_image(const char *path, struct image *image)
{
	struct stat st;

	image->fd = open(path, O_RDWR);
	if (image->fd < 0 || fstat(image->fd, &st))
		return -errno;
	image->size = (uint64_t)st.st_size;
	image->data = mmap(NULL, image->size, PROT_READ | PROT_WRITE, MAP_SHARED, image->fd, 0);
	if (image->data == MAP_FAILED)
		return -errno;
	return find_info(image) ? 0 : -ENODATA;
}

int main(int argc, char **argv)
{
	struct region regions[REGIONS] = {{.name = "vmcoreinfo"}, {.name = "kallsyms"},
		{.name = "BTF"}, {.name = "page tables"}, {.name = "tasks"}, {.name = "anywhere"}};
	struct region whole = {.name = "none"};
	struct image image = {0};
	int r;

	if (argc != 4) {
		fprintf(stderr, "usage: flips IMAGE RUNS SEED\n");
		return 2;
	}
	r = open_image(argv[1], &image);
	if (r < 0) {
		fprintf(stderr, "flips: %s: %s\n", argv[1], strerror(-r));
		return 2;
	}
	state = strtoull(argv[3], NULL, 10) | 1;
	printf("seed %s\n", argv[3]);
	for (int i = 0; i < REGIONS; i++)
		regions[i].pages = calloc(PAGES_MAX, sizeof(uint64_t));
	find_regions(regions, &image);
	run_once(argv[1], &whole);
	for (long i = 0; i < strtol(argv[2], NULL, 10); i++)
		damage(argv[1], &image, &regions[i % REGIONS]);
	for (int i = 0; i < REGIONS; i++)
		free(regions[i].pages);
	return report(regions, whole.listed ? MM_VMI_OK : MM_VMI_DAMAGED);
}
