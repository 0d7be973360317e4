/* SPDX-License-Identifier: MIT */

/*
 * Findings as text and JSON
 *
 * Findings with harmless and hostile texts are printed into memory and compared to the
 * byte; the JSON is also held to tt_json_is_strict().
 */

#include "app/findings.h"

#include <stdlib.h>
#include <string.h>

#include "app/json.h"
#include "tests/support/json_check.h"
#include "tests/unit/cmocka_all.h"

typedef void put_fn(const struct tt_findings *findings, FILE *stream);

/* What is printed; the caller frees it. */
static char *print(put_fn *put, const struct tt_findings *findings)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&text, &bytes);

	assert_non_null(stream);
	put(findings, stream);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void expect(put_fn *put, const struct tt_findings *findings, const char *expected)
{
	char *text = print(put, findings);

	assert_string_equal(text, expected);
	free(text);
}

static void add_some(struct tt_findings *findings)
{
	tt_findings_begin_group(findings);
	tt_findings_add(findings, TT_FINDING_OK, "kernel", "%d.%d", 6, 1);
	tt_findings_add(findings, TT_FINDING_NOTE, "seccomp", "unknown");
	tt_findings_begin_group(findings);
	tt_findings_add(findings, TT_FINDING_WARN, "jit", "off");
	tt_findings_mend(findings, "sysctl -w %s=1", "jit");
}

static void text_has_a_line_a_finding_and_one_below_for_the_remedy(void **state)
{
	struct tt_findings findings = { 0 };

	(void)state;

	add_some(&findings);
	tt_findings_add(&findings, TT_FINDING_FAIL, "CAP_NET_RAW", "not effective");
	expect(tt_findings_put_text, &findings,
	       "ok    kernel: 6.1\n"
	       "note  seccomp: unknown\n"
	       "\n"
	       "warn  jit: off\n"
	       "      mend: sysctl -w jit=1\n"
	       "fail  CAP_NET_RAW: not effective\n");
	tt_findings_deinit(&findings);
}

static void json_is_one_object(void **state)
{
	struct tt_findings findings = { 0 };

	(void)state;

	expect(tt_findings_put_json, &findings, "{\"can_capture\":true,\"findings\":[]}\n");
	add_some(&findings);
	expect(tt_findings_put_json, &findings,
	       "{\"can_capture\":true,\"findings\":["
	       "{\"level\":\"ok\",\"subject\":\"kernel\",\"text\":\"6.1\",\"mend\":null},"
	       "{\"level\":\"note\",\"subject\":\"seccomp\",\"text\":\"unknown\",\"mend\":null},"
	       "{\"level\":\"warn\",\"subject\":\"jit\",\"text\":\"off\","
	       "\"mend\":\"sysctl -w jit=1\"}]}\n");
	tt_findings_deinit(&findings);
}

static void one_failure_means_that_captures_cannot_work(void **state)
{
	struct tt_findings findings = { 0 };
	char *json;

	(void)state;

	add_some(&findings);
	assert_true(tt_findings_are_good(&findings));
	tt_findings_add(&findings, TT_FINDING_FAIL, "x", "y");
	tt_findings_add(&findings, TT_FINDING_OK, "x", "y");
	assert_false(tt_findings_are_good(&findings));
	json = print(tt_findings_put_json, &findings);
	assert_memory_equal(json, "{\"can_capture\":false,", strlen("{\"can_capture\":false,"));
	free(json);
	tt_findings_deinit(&findings);
}

static void an_incomplete_list_is_never_good(void **state)
{
	struct tt_findings findings = { .is_incomplete = true };

	(void)state;

	assert_false(tt_findings_are_good(&findings));
	tt_findings_mend(&findings, "nothing to mend"); /* harmless */
	assert_int_equal(findings.count, 0);
}

static void many_findings_stay_in_their_order(void **state)
{
	struct tt_findings findings = { 0 };

	(void)state;

	for (int i = 0; i < 1000; i++) {
		tt_findings_add(&findings, TT_FINDING_NOTE, "n", "%d", i);
		tt_findings_mend(&findings, "m%d", i);
	}
	assert_int_equal(findings.count, 1000);
	assert_false(findings.is_incomplete);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(strtol(findings.findings[i].text, NULL, 10), i);
		assert_int_equal(strtol(findings.findings[i].mend + 1, NULL, 10), i);
	}
	tt_findings_deinit(&findings);
	assert_int_equal(findings.count, 0);
}

static void the_last_remedy_counts(void **state)
{
	struct tt_findings findings = { 0 };

	(void)state;

	tt_findings_mend(&findings, "nothing to mend");
	tt_findings_add(&findings, TT_FINDING_WARN, "a", "b");
	tt_findings_mend(&findings, "one");
	tt_findings_mend(&findings, "two");
	expect(tt_findings_put_text, &findings, "warn  a: b\n      mend: two\n");
	tt_findings_deinit(&findings);
}

static void hostile_bytes_come_out_printable_in_both(void **state)
{
	static const char hostile[] = "x\x1b[1m\n\"\\\xc3\xa9\x7f";
	struct tt_findings findings = { 0 };
	char *json;

	(void)state;

	tt_findings_add(&findings, TT_FINDING_OK, hostile, "%s", hostile);
	tt_findings_mend(&findings, "%s", hostile);
	expect(tt_findings_put_text, &findings,
	       "ok    x\\x1b[1m\\x0a\"\\\\xc3\\xa9\\x7f: x\\x1b[1m\\x0a\"\\\\xc3\\xa9\\x7f\n"
	       "      mend: x\\x1b[1m\\x0a\"\\\\xc3\\xa9\\x7f\n");
	json = print(tt_findings_put_json, &findings);
	assert_true(tt_json_is_strict(json, strlen(json) - 1));
	assert_non_null(strstr(json, "\"subject\":\"x\\\\x1b[1m\\\\x0a\\\"\\\\\\\\xc3"));
	free(json);
	tt_findings_deinit(&findings);
}

static void json_strings_escape_every_byte(void **state)
{
	char bytes[256];
	char *text = NULL;
	size_t text_bytes = 0;
	FILE *stream = open_memstream(&text, &text_bytes);

	(void)state;

	assert_non_null(stream);
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		bytes[i] = (char)(i + 1);
	bytes[sizeof(bytes) - 1] = '\0';
	tt_json_put_string(stream, bytes);
	assert_int_equal(fclose(stream), 0);
	assert_true(tt_json_is_strict(text, text_bytes));
	/* 95 printable ones, two of them with a backslash, and 160 of six bytes. */
	assert_int_equal(text_bytes, 2 + 95 + 2 + 160 * 6);
	assert_non_null(strstr(text, "\\u001b"));
	assert_non_null(strstr(text, "\\u00ff"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_a_line_a_finding_and_one_below_for_the_remedy),
		cmocka_unit_test(json_is_one_object),
		cmocka_unit_test(one_failure_means_that_captures_cannot_work),
		cmocka_unit_test(an_incomplete_list_is_never_good),
		cmocka_unit_test(many_findings_stay_in_their_order),
		cmocka_unit_test(the_last_remedy_counts),
		cmocka_unit_test(hostile_bytes_come_out_printable_in_both),
		cmocka_unit_test(json_strings_escape_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
