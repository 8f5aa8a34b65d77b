/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Setting a balloon target through libxl, which also moves the domain's hard limit and, for HVM,
 * its populate-on-demand target.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xen_private.h"
#include "xenmm/units.h"

/* ---- what Xen's libraries say --------------------------------------------------- */

static void on_message(struct xentoollog_logger *base, xentoollog_level level, int errnoval,
	const char *context, const char *format, va_list al) __attribute__((format(printf, 5, 0)));

static void on_message(struct xentoollog_logger *base, xentoollog_level level, int errnoval,
	const char *context, const char *format, va_list al)
{
	struct mm_logger *logger = (struct mm_logger *)base; /* vtable is its first member */
	size_t len;

	/* the first error names the cause, those behind it only who gave up in turn */
	if (level < XTL_ERROR || logger->text[0])
		return;
	snprintf(logger->text, sizeof(logger->text), "%s: ", context ? context : "xen");
	len = strlen(logger->text);
	vsnprintf(logger->text + len, sizeof(logger->text) - len, format, al);
	len = strlen(logger->text);
	if (errnoval > 0)
		snprintf(
			logger->text + len, sizeof(logger->text) - len, ": %s", strerror(errnoval));
}

static void on_destroy(struct xentoollog_logger *base)
{
	(void)base; /* part of struct mm_xen */
}

void mm_logger_init(struct mm_logger *logger)
{
	logger->vtable.vmessage = on_message;
	logger->vtable.destroy = on_destroy;
}

/*
 * A domain whose target libxl will not set (another toolstack made it) is not asked again for so long:
 * its memory is not ours to plan with.
 */
#define FOREIGN_MS 60000u

/* ---- targets -------------------------------------------------------------------- */

int mm_xen_open_libxl(struct mm_xen *x)
{
	if (x->xl)
		return 0;
	return libxl_ctx_alloc(&x->xl, LIBXL_VERSION, 0, &x->logger.vtable) == 0 ? 0 : -EAGAIN;
}

void mm_xen_close_libxl(struct mm_xen *x)
{
	if (x->xl)
		libxl_ctx_free(x->xl);
	x->xl = NULL;
}

/*
 * Whether the domain is still there. The toolstack removes its store directory first, then its
 * configuration, and lets Xen destroy it last; in between libxl fails in several ways.
 */
static bool is_alive(struct mm_xen *x, const struct mm_guest *guest)
{
	xc_domaininfo_t info;
	uint64_t target_kib;

	if (xc_domain_getinfolist(x->xc, guest->domid, 1, &info) != 1 ||
		info.domain != guest->domid || info.flags & XEN_DOMINF_dying ||
		memcmp(info.handle, guest->handle, sizeof(info.handle)) != 0)
		return false;
	return mm_store_read_u64(&x->store, guest->domid, "memory/target", &target_kib) != -ENOENT;
}

/* libxl's result in our terms. It says "failed" for most things, also for a domain that is gone. */
static int translate(struct mm_xen *x, const struct mm_guest *guest, int rc)
{
	if (rc == 0)
		return 0;
	if (rc == ERROR_DOMAIN_NOTFOUND || rc == ERROR_DOMAIN_DESTROYED || !is_alive(x, guest))
		return -ENOENT;
	switch (rc) {
	case ERROR_LOCK_FAIL:
		return -EAGAIN;
	case ERROR_INVAL:
	case ERROR_JSON_CONFIG_EMPTY: /* made by another toolstack, which owns its memory, too */
		return -EINVAL;
	default:
		return -EIO;
	}
}

static int refuse(struct mm_xen *x, int error, const char *why)
{
	snprintf(x->last_error, sizeof(x->last_error), "%s", why);
	return error;
}

/*
 * Gone domains: libxl reads memory/target in the transaction that writes it, so a directory that
 * was removed meanwhile is not brought back.
 */
int mm_xen_set_target(struct mm_backend *b, uint32_t domid, uint64_t target_kib)
{
	struct mm_xen *x = (struct mm_xen *)b;
	struct mm_guest *guest = mm_xen_find(x, domid);
	int rc, r;

	x->last_error[0] = '\0';
	if (!guest || !guest->has_target)
		return refuse(x, -ENOENT, "no such domain");
	if (target_kib > MM_SIZE_MAX_KIB ||
		(guest->static_max_kib && target_kib > guest->static_max_kib))
		return refuse(x, -EINVAL, "above the domain's static maximum");
	if (x->is_dry_run)
		return refuse(x, -EINVAL, "dry run");
	x->logger.text[0] = '\0';
	if (mm_xen_open_libxl(x) < 0)
		return refuse(x, -EAGAIN, x->logger.text);
	/* absolute; with the hard limit moved along */
	rc = libxl_set_memory_target(
		x->xl, domid, (int64_t)(target_kib + guest->videoram_kib), 0, 1);
	r = translate(x, guest, rc);
	if (r < 0)
		(void)refuse(x, r, x->logger.text);
	if (r == -EINVAL)
		guest->foreign_ms = mm_xen_now_ms() + FOREIGN_MS;
	if (r == 0)
		guest->target_kib = target_kib;
	else if (r ==
		 -EIO) /* its connection to the store may be broken for good: a new one next time */
		mm_xen_close_libxl(x);
	return r;
}
