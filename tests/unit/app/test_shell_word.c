/* SPDX-License-Identifier: MIT */

/*
 * Words that a shell takes as they are meant
 *
 * Texts are quoted and compared with what a shell's grammar asks for. That real shells read
 * them back is tried with hostile names in netns.doctor.
 */

#include "app/shell_word.h"

#include <string.h>

#include "tests/unit/cmocka_all.h"

static void words_are_quoted_only_where_needed(void **state)
{
	static const struct {
		const char *text;
		const char *word;
	} cases[] = {
		{ "eth0", "eth0" },
		{ "/usr/local/bin/twintap-0.1_b", "/usr/local/bin/twintap-0.1_b" },
		{ "eth0.5@x:y,z+%=", "eth0.5@x:y,z+%=" },
		{ "", "''" },
		{ "a b", "'a b'" },
		{ "$(reboot)", "'$(reboot)'" },
		{ "a;b", "'a;b'" },
		{ "~", "'~'" },
		{ "a\\b", "'a\\b'" },
		{ "it's", "'it'\\''s'" },
		{ "a\nb", "$'a\\012b'" },
		{ "\x1b[1m'\\", "$'\\033[1m\\047\\134'" },
		{ "\xc3\xa9"
		  "7",
		  "$'\\303\\2517'" },
	};

	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char word[64];

		assert_ptr_equal(tt_shell_quote(cases[i].text, word, sizeof(word)), word);
		assert_string_equal(word, cases[i].word);
	}
}

static void every_byte_fits_into_four(void **state)
{
	char text[256];
	char word[4 * 255 + 4];

	(void)state;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = (char)(i + 1);
	text[sizeof(text) - 1] = '\0';
	assert_non_null(tt_shell_quote(text, word, sizeof(word)));
	for (const char *c = word; *c; c++)
		assert_true(*c >= ' ' && *c <= '~');

	memset(text, '\'', sizeof(text) - 1);
	assert_non_null(tt_shell_quote(text, word, sizeof(word)));
	memset(text, '\n', sizeof(text) - 1);
	assert_non_null(tt_shell_quote(text, word, sizeof(word)));
	assert_null(tt_shell_quote(text, word, sizeof(word) - 1));
}

static void a_word_that_does_not_fit_is_none(void **state)
{
	static const char *const texts[] = { "plain", "a b", "it's", "a\nb" };

	(void)state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char word[64];
		size_t bytes;

		assert_non_null(tt_shell_quote(texts[i], word, sizeof(word)));
		bytes = strlen(word) + 1;
		assert_non_null(tt_shell_quote(texts[i], word, bytes));
		while (bytes-- > 0) {
			memset(word, 'x', sizeof(word));
			assert_null(tt_shell_quote(texts[i], word, bytes));
			assert_int_equal(word[bytes], 'x');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted_only_where_needed),
		cmocka_unit_test(every_byte_fits_into_four),
		cmocka_unit_test(a_word_that_does_not_fit_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
