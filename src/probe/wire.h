/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What goes over the pipes between mmprobe and the program that started it: a question of eight bytes, an answer of one header
 * and a record for each process, all of fixed sizes, little-endian. Both ends come from the same build; the version
 * finds out when they do not. Pure.
 *
 * Whoever reads an answer does not trust it: the writer looks at hostile memory all the time.
 */
#ifndef XENMM_PROBE_WIRE_H
#define XENMM_PROBE_WIRE_H

#include "vmi/vmi.h"

#define MM_WIRE_QUESTION_SIZE 8
#define MM_WIRE_HEADER_SIZE   360
#define MM_WIRE_PROCESS_SIZE  96
#define MM_WIRE_ANSWER_MAX    (MM_WIRE_HEADER_SIZE + (size_t)MM_VMI_TASKS_MAX * MM_WIRE_PROCESS_SIZE)

void mm_wire_write_question(uint8_t buf[MM_WIRE_QUESTION_SIZE], bool with_processes);

/* Returns 0 or -EPROTO: not a question of this version. */
int mm_wire_read_question(const uint8_t buf[MM_WIRE_QUESTION_SIZE], bool *ret_with_processes);

/*
 * Writes an answer into new memory, to be freed. A sample that is not sane (mm_sample_is_sane()) becomes one with the reason
 * MM_VMI_DAMAGED. Returns 0 or -ENOMEM.
 */
int mm_wire_write(const struct mm_sample *sample, uint8_t **ret_buf, size_t *ret_len);

/* How long the answer with this header is, itself included: MM_WIRE_ANSWER_MAX at most. -EPROTO: it is none. */
int mm_wire_length(const uint8_t header[MM_WIRE_HEADER_SIZE], size_t *ret_len);

/* Reads an answer of exactly len bytes. Returns 0 with a sane sample, to be freed; -EPROTO; -ENOMEM. */
int mm_wire_read(const uint8_t *buf, size_t len, struct mm_sample *ret_sample);

#endif
