/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names for guests that have none: a memory file has no uuid. */
#ifndef XENMM_MON_UUID_H
#define XENMM_MON_UUID_H

#include <stdbool.h>

#include "xenmm/snapshot.h"

/* Whether it is one, of any case. */
bool mm_uuid_is(const char *text);

/* A name that is a uuid itself, in small letters; otherwise one made of this machine's name and that one: always the same. */
void mm_uuid_of(const char *name, char ret_uuid[MM_UUID_LEN + 1]);

#endif
