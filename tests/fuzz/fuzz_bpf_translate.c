/* SPDX-License-Identifier: MIT */

/*
 * Classic programs of arbitrary bytes, translated
 *
 * What must hold: the outcome is 0, -EINVAL or -E2BIG, a failure in words; and what
 * check_translation.h says of a translation. Eight bytes are an instruction, in memory's
 * order: code, jt, jf, k.
 */

#include "bpf/translate.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/check_translation.h"

static const struct tt_translate_maps maps = { .slots_fd = 3, .cpus_fd = 4 };

/* The name is libFuzzer's. NOLINTNEXTLINE(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	size_t count = data_bytes / sizeof(struct sock_filter);
	struct sock_filter *code = malloc(count * sizeof(*code) + 1);
	struct tt_error err = TT_ERROR_INIT;
	struct bpf_insn *insns = NULL;
	size_t insns_count = 0;
	int r;

	if (!code)
		abort();
	if (count > 0)
		memcpy(code, data, count * sizeof(*code));

	r = tt_translate(code, count, maps, &insns, &insns_count, &err);
	if (r != 0 && r != -EINVAL && r != -E2BIG)
		abort();
	if (r < 0 && (insns || err.code != r || err.message[0] == '\0'))
		abort();
	if (r == 0 && tt_check_translation(insns, insns_count, count))
		abort();

	free(insns);
	free(code);
	return 0;
}
